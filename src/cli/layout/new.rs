//! `modregn layout new`: a skeleton to begin a layout file with.

use crate::cli::{Exit, Io};
use crate::layout::compile;

const SKELETON: &str = include_str!("skeleton.toml");

pub(super) fn run(id: &str, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let text = SKELETON.replacen("my-layout", id, 1);
    if let Err(faults) = compile("new layout", &text) {
        writeln!(io.err, "{}", faults.render(io.terminal))?;
        return Ok(Exit::Usage);
    }
    write!(io.out, "{text}")?;
    Ok(Exit::Done)
}
