//! Pictures of a track on a time axis: what is heard in it, and what will be shown.

mod canvas;
pub mod heard;
pub mod planned;
pub mod sheet;

use crate::error::{Error, Result};
use crate::video::plain_font;
use plotters::prelude::FontStyle;
use plotters::style::register_font;
use std::path::Path;

/// The path, if its extension names a kind of picture that can be drawn.
pub fn checked(path: &Path) -> Result<&Path> {
    match extension(path).as_str() {
        "svg" | "png" => Ok(path),
        _ => {
            Err(Error::usage(format!("can't draw '{}'", path.display())).hint("end the name in .svg or .png"))
        }
    }
}

/// The least and the largest of some values.
pub fn extent(values: &[f32]) -> (f32, f32) {
    values.iter().fold((f32::MAX, f32::MIN), |(a, b), v| (a.min(*v), b.max(*v)))
}

fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

/// Draws with `$draw` on an area of the kind that the path's extension says; both kinds are types of their own.
macro_rules! picture {
    ($path:expr, ($width:expr, $height:expr), |$area:ident| $draw:expr) => {{
        use $crate::error::Context as _;
        $crate::cli::plot::ready()?;
        let size = ($width as u32, $height as u32);
        let failed = || $crate::error::Error::output("can't draw the picture").hint("is the disk full?");
        if $crate::cli::plot::extension($path) == "svg" {
            let $area = plotters::prelude::SVGBackend::new($path, size).into_drawing_area();
            $draw.context(failed)
        } else {
            let $area = plotters::prelude::BitMapBackend::new($path, size).into_drawing_area();
            $draw.context(failed)
        }
    }};
}
use picture;

/// The font comes with the program; nothing is looked for on the machine.
fn ready() -> Result<()> {
    register_font("sans-serif", FontStyle::Normal, plain_font())
        .map_err(|_| Error::internal("the font of the picture can't be read"))
}
