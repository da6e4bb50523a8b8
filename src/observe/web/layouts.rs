//! The layouts in force: those that were there when the daemon last read its configuration.

use crate::config::{Config, LayoutFileError, add_layout, layout_files, load_layouts};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A layout in force.
#[derive(Clone)]
pub(super) struct InForce {
    pub(super) id: String,
    pub(super) version: String,
    pub(super) title: String,
    /// The file it was read from; `None` = it is built in.
    pub(super) file: Option<String>,
}

/// What was read, and for which configuration.
type Known = (Arc<Config>, Result<Vec<InForce>, String>);

/// Reads them once for each configuration.
#[derive(Default)]
pub(super) struct Layouts(Mutex<Option<Known>>);

impl Layouts {
    /// Those of a configuration in force; an error is what is wrong with them by now.
    pub(super) fn of(&self, config: &Arc<Config>) -> Result<Vec<InForce>, String> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some((of, layouts)) if Arc::ptr_eq(of, config) => layouts.clone(),
            _ => {
                let layouts = read(config).map_err(|error| error.to_string());
                *known = Some((Arc::clone(config), layouts.clone()));
                layouts
            }
        }
    }
}

fn read(config: &Config) -> Result<Vec<InForce>, LayoutFileError> {
    let mut layouts = load_layouts(config.formats_dir.as_deref())?;
    let mut files = BTreeMap::new();
    for path in config.formats_dir.as_deref().map_or(Ok(Vec::new()), layout_files)? {
        let id = add_layout(&mut layouts, &path)?.id.clone();
        files.insert(id, path.display().to_string());
    }
    let in_force = |layout: &Arc<crate::layout::Layout>| InForce {
        id: layout.id.clone(),
        version: layout.version.clone(),
        title: layout.title.clone(),
        file: files.get(&layout.id).cloned(),
    };
    Ok(layouts.iter().map(in_force).collect())
}
