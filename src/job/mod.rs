//! Jobs: from what is asked for to a finished video. Everybody who makes videos calls this: the command line, the studio, and
//! programs of others (`examples/render.rs`).
//!
//! ```text
//! JobOptions ─► Request ─► Scene ─► render::Job ─► video
//!  as typed     complete    heard,    complete,     with its
//!               and read    loaded    checked       JobRecord
//! ```
//!
//! [`JobOptions`] say what a person says, and nothing of the rest. A [`Request`] is complete: with what the preset or the project
//! says, and with what holds where nobody says anything. A [`Scene`] has listened to the track, loaded the networks and
//! knows the value of every parameter in every frame; [`warnings`] tells what of it fights the model. [`make`] does all
//! of it and renders. What a video was made by is its [`JobRecord`].
//!
//! Whoever calls hears of the work through [`crate::progress::Progress`], of what can't be through [`crate::error::Error`], and of
//! what will not come out well through [`Warning`].

mod adapters;
mod analysis_cache;
pub mod comfy_paths;
mod controls;
mod crew;
mod destination;
mod excerpt;
mod fast_join;
mod flashes;
mod hearing;
pub mod hub;
mod interpolate;
mod kept;
pub mod layers;
mod lyrics;
mod model_search;
pub mod models;
mod named_files;
mod networks;
mod options;
pub mod presets;
pub mod project_folder;
mod rates_cache;
mod record;
mod refine;
mod render;
mod replay;
mod request;
mod scene;
mod shipped_model;
mod space;
mod split;
mod takes;
mod typed;
mod user_config;
mod usual;
mod variation;
mod warning;

pub use adapters::OpenLora;
pub use controls::OpenControl;
pub use crew::{Crew, crew};
pub use destination::{Destination, Earlier};
pub use excerpt::loudest;
pub use hearing::Hearing;
pub use interpolate::Interpolate;
pub use kept::KeptModel;
pub use lyrics::Lyrics;
pub use options::{ControlChoice, JobOptions, LoraFile, ModelOptions, OutputOptions, Stretch, video_size};
pub use record::{
    JobRecord, LyricsRecord, Origin, PresetRecord, ProjectRecord, SettingsRecord, WindowsRecord,
};
pub use render::{in_the_way, make, make_again};
pub use request::{Request, is_project};
pub use scene::Scene;
pub use space::Space;
pub use takes::{Selection, Shared, TakeWork, make_takes};
pub use typed::add_typed;
pub use usual::Usual;
pub use variation::{Variation, Variations, Vary};
pub use warning::{Warning, memory_warnings, start_of, warnings};
