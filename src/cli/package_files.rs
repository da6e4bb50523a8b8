//! `modregn package-files`: what a package holds besides the program and what stands in the
//! repository. Made by the program itself, so that none of it can say anything else than it does.

use super::{Exit, Io};
use crate::config;
use clap::CommandFactory;
use clap_complete::Shell;
use std::path::{Path, PathBuf};

/// Write the man pages, the shells' completions and the configuration that a package installs.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where; made if it is not there.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

/// Runs the command.
pub(super) fn run(args: &Args, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let made = |name: &str| -> anyhow::Result<PathBuf> {
        let path = args.dir.join(name);
        fs_err::create_dir_all(&path)?;
        Ok(path)
    };
    clap_mangen::generate_to(command(), made("man")?)?;
    let to = made("completions")?;
    for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
        clap_complete::generate_to(shell, &mut command(), "modregn", &to)?;
    }
    write_config(&args.dir)?;
    writeln!(io.out, "{}: man, completions, modregn.toml", args.dir.display())?;
    Ok(Exit::Done)
}

fn command() -> clap::Command {
    super::Args::command()
}

/// The example, with the one setting open that nobody can choose for an installation: until it is
/// made, the configuration is refused.
fn write_config(dir: &Path) -> anyhow::Result<()> {
    let open = config::EXAMPLE.replacen("\nmiljoe = ", "\n# miljoe = ", 1);
    Ok(fs_err::write(dir.join("modregn.toml"), open)?)
}
