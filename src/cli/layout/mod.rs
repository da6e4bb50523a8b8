//! `modregn layout`: record layouts, as files and as tables.

mod check;
mod decode;
mod encode;
mod new;
mod show;
mod words;

use super::{Exit, Io};
use crate::config::{add_layout, load_layouts};
use crate::layout::{Layout, Layouts};
use anyhow::Context;
use clap::Subcommand;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Directory of layout files (*.toml), taken in place of the shipped ones of the same id.
    #[arg(long, global = true, value_name = "DIR")]
    formats: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the layouts there are.
    List,
    /// Check layout files and show every fault; without FILE, all layouts there are.
    Check {
        /// Layout files.
        files: Vec<PathBuf>,
    },
    /// Show a layout's records as tables.
    Show {
        /// The layout's id, or a layout file (*.toml).
        layout: String,
        /// As Markdown.
        #[arg(long)]
        markdown: bool,
    },
    /// Show a file's records as JSON lines; every fault of it, if it has any.
    ///
    /// Numbers without decimals are JSON numbers, everything else is text: amounts exact (12.50),
    /// dates and times in ISO 8601, months as YYYY-MM. Fields without a value are left out.
    Decode {
        /// The layout's id, or a layout file (*.toml).
        layout: String,
        /// The file to decode.
        file: PathBuf,
        /// As CSV: one table, with a column for each name a field has.
        #[arg(long)]
        csv: bool,
        /// Show personal data whole.
        #[arg(long)]
        unmask: bool,
    },
    /// Build a file from JSON lines, as `decode --unmask` shows them.
    ///
    /// Fields with a control (a count, a sum, a running number) may be left out: they are computed.
    Encode {
        /// The layout's id, or a layout file (*.toml).
        layout: String,
        /// The JSON lines; without FILE, those of the standard input.
        file: Option<PathBuf>,
    },
    /// Print a commented skeleton of a layout file.
    New {
        /// The new layout's id.
        #[arg(default_value = "my-layout")]
        id: String,
    },
}

pub(super) fn run(args: Args, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let formats = args.formats.as_deref();
    match args.command {
        Command::List => show::list(&load_layouts(formats)?, io),
        Command::Check { files } if files.is_empty() => check::all(formats, io),
        Command::Check { files } => check::files(&files, io),
        Command::Show { layout, markdown } => show::run(&*find(&layout, formats)?, markdown, io),
        Command::Decode { layout, file, csv, unmask } => {
            let shown = decode::Shown { csv, unmasked: unmask };
            decode::run(&*find(&layout, formats)?, &file, shown, io)
        }
        Command::Encode { layout, file } => {
            encode::run(&*find(&layout, formats)?, file.as_deref(), io)
        }
        Command::New { id } => new::run(&id, io),
    }
}

/// The layout of this id, or of this file.
fn find(id_or_file: &str, formats: Option<&Path>) -> anyhow::Result<Arc<Layout>> {
    if Path::new(id_or_file).extension().is_some_and(|extension| extension == "toml") {
        return Ok(add_layout(&mut Layouts::builtin(), Path::new(id_or_file))?);
    }
    load_layouts(formats)?.get(id_or_file).with_context(|| {
        format!("there is no layout {id_or_file}; `modregn layout list` shows those there are")
    })
}
