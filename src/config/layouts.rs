//! Layouts from a directory: the only place that reads layout files.

use crate::layout::{Diagnostics, Layout, Layouts};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why a layout file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LayoutFileError {
    /// The file or the directory cannot be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// It is no sound layout.
    #[error("{file} is no sound layout\n\n{faults}")]
    Faulty {
        /// The file.
        file: String,
        /// Everything that is wrong with it.
        faults: Diagnostics,
    },
}

/// The built-in layouts, with those of a directory (`*.toml`) in their place or beside them.
pub fn load_layouts(dir: Option<&Path>) -> Result<Layouts, LayoutFileError> {
    let mut layouts = Layouts::builtin();
    for path in dir.map_or(Ok(Vec::new()), layout_files)? {
        add_layout(&mut layouts, &path)?;
    }
    Ok(layouts)
}

/// Takes one layout file in.
pub fn add_layout(layouts: &mut Layouts, path: &Path) -> Result<Arc<Layout>, LayoutFileError> {
    let file = path.display().to_string();
    let text = fs_err::read_to_string(path)?;
    layouts.add(&file, &text).map_err(|faults| LayoutFileError::Faulty { file, faults })
}

/// The layout files of a directory, by name.
pub fn layout_files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs_err::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
