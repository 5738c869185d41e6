//! Guesses: what was meant with an option or a subcommand that isn't there.

use super::Cli;
use crate::cli::shell;
use crate::error::nearest;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory, Error};

/// Options as other programs call them, with ours.
const ELSEWHERE: [(&str, &str); 33] = [
    ("--resolution", "--size"),
    ("--width", "--size"),
    ("--height", "--size"),
    ("--framerate", "--fps"),
    ("--frame-rate", "--fps"),
    ("--rate", "--fps"),
    ("--style", "--preset"),
    ("--look", "--preset"),
    ("--scene", "--init"),
    ("--format", "--profile"),
    ("--codec", "--profile"),
    ("--quality", "--tier"),
    ("--negative-prompt", "--negative"),
    ("--checkpoint", "--model"),
    ("--aspect", "--size"),
    ("--ratio", "--size"),
    ("--duration", "--end"),
    ("--length", "--end"),
    ("--palette", "--init draw:SCENE,palette=NAME"),
    ("--denoise", "--set denoise=0.35"),
    ("--strength", "--set denoise=0.35"),
    ("--cfg", "--set guidance=1.5"),
    ("--guidance", "--set guidance=1.5"),
    ("--gpu", "--device cuda"),
    ("--bitrate", "--profile"),
    ("--cuts", "--split"),
    ("--force", "--overwrite"),
    ("--yes", "--overwrite"),
    ("--tempo", "--bpm"),
    ("--image", "--init"),
    ("--video", "--init"),
    ("--zoom", "--set zoom=1.1"),
    ("--title", "--set, and a [[layer]] of the kind \"title\""),
];

/// `error` with the option in its tip that was meant rather than the one that is spelt alike.
pub fn told(mut error: Error) -> Error {
    let Some(option) = text(&error, ContextKind::InvalidArg) else { return error };
    if error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    let option = option.split_once('=').map_or(option.as_str(), |(name, _)| name).to_owned();
    let meant = ELSEWHERE.iter().find(|(theirs, _)| *theirs == option);
    if let Some((_, ours)) = meant {
        error.insert(ContextKind::SuggestedArg, ContextValue::String((*ours).to_owned()));
    } else if !is_near(&option, &error) || !with_option(&option).is_empty() {
        // What is spelt alike is something else, as it is spelt right.
        error.remove(ContextKind::SuggestedArg);
    }
    // Neither a value nor other options were meant.
    error.remove(ContextKind::Suggested);
    error.remove(ContextKind::Usage);
    error
}

/// What else to say below `error`.
pub fn hint(error: &Error) -> Option<String> {
    if let Some(given) = text(error, ContextKind::InvalidSubcommand) {
        // Somebody gave a track or a project and no subcommand: to render it.
        let render = || shell::command(["beatbolt", "render", given.as_str()]);
        return std::path::Path::new(&given)
            .exists()
            .then(render)
            .flatten()
            .map(|line| format!("did you mean: {line}"));
    }
    let option =
        text(error, ContextKind::InvalidArg).filter(|_| error.kind() == ErrorKind::UnknownArgument)?;
    let commands = with_option(&option);
    (!commands.is_empty()).then(|| format!("{option} is an option of {}", commands.join(", ")))
}

/// Whether what `error` suggests is what was typed, but for a slip or two.
fn is_near(option: &str, error: &Error) -> bool {
    let plain = |text: &str| text.trim_start_matches('-').to_owned();
    let near = text(error, ContextKind::SuggestedArg).map(|near| plain(&near));
    near.is_some_and(|near| nearest(&plain(option), [near.as_str()]).is_some())
}

fn text(error: &Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// The subcommands that have this option.
fn with_option(option: &str) -> Vec<String> {
    let Some(name) = option.strip_prefix("--") else { return Vec::new() };
    let has = |command: &&Command| command.get_arguments().any(|arg| arg.get_long() == Some(name));
    Cli::command().get_subcommands().filter(has).map(|command| command.get_name().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn said(line: &str) -> (String, Option<String>) {
        let Err(error) = Cli::try_parse_from(line.split(' ')) else { panic!("{line} is right") };
        let error = told(error);
        (error.render().to_string(), hint(&error))
    }

    #[test]
    fn options_of_other_programs_lead_to_ours() {
        for (theirs, ours) in ELSEWHERE {
            let (text, _) = said(&format!("beatbolt render a.mp3 {theirs} 3"));
            assert!(text.contains(&format!("'{ours}'")), "{theirs}: {text}");
        }
        assert!(said("beatbolt render a.mp3 --resolution=1280x720").0.contains("'--size'"));
        assert!(said("beatbolt render a.mp3 --tire draft").0.contains("'--tier'"));
        for stranger in ["--verbose", "--preview", "--sampler"] {
            let (text, _) = said(&format!("beatbolt render a.mp3 {stranger}"));
            assert!(!text.contains("tip:") && !text.contains("Usage"), "{text}");
        }
    }

    #[test]
    fn options_of_other_commands_are_told_as_such() {
        let (text, hint) = said("beatbolt new a.mp3 --preset tide");
        assert!(!text.contains("similar"), "{text}");
        assert!(
            hint.as_deref().is_some_and(|hint| hint.starts_with("--preset is an option of render,")),
            "{hint:?}"
        );
        assert_eq!(said("beatbolt render a.mp3 --nothing-like-it").1, None);
    }
}
