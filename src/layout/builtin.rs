//! The layouts this program ships, and those an operator puts in their place.

use super::{Diagnostics, Layout, compile};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The shipped layout files: name and text.
const SHIPPED: [(&str, &str); 5] = [
    (
        "formats/sf1590-debitorregistrering.toml",
        include_str!("../../formats/sf1590-debitorregistrering.toml"),
    ),
    ("formats/sf1590-kvittering.toml", include_str!("../../formats/sf1590-kvittering.toml")),
    (
        "formats/sf2520-kontanthjaelpsudbetaling.toml",
        include_str!("../../formats/sf2520-kontanthjaelpsudbetaling.toml"),
    ),
    ("formats/sf2530-forespoergsel.toml", include_str!("../../formats/sf2530-forespoergsel.toml")),
    ("formats/sf2530-svar.toml", include_str!("../../formats/sf2530-svar.toml")),
];

/// Compiled layouts by id.
#[derive(Clone, Debug)]
pub struct Layouts(BTreeMap<String, Arc<Layout>>);

impl Layouts {
    /// The layouts that come with this program.
    ///
    /// # Panics
    ///
    /// If one of them is faulty; a test compiles them all.
    pub fn builtin() -> Self {
        let compiled = SHIPPED.map(|(name, text)| match compile(name, text) {
            Ok(layout) => (layout.id.clone(), Arc::new(layout)),
            Err(faults) => unreachable!("a shipped layout is faulty:\n{faults}"),
        });
        Self(BTreeMap::from(compiled))
    }

    /// Compiles a layout file and takes it in, in place of one of the same id.
    pub fn add(&mut self, source_name: &str, text: &str) -> Result<Arc<Layout>, Diagnostics> {
        let layout = Arc::new(compile(source_name, text)?);
        self.0.insert(layout.id.clone(), Arc::clone(&layout));
        Ok(layout)
    }

    /// The layout of this id.
    pub fn get(&self, id: &str) -> Option<Arc<Layout>> {
        self.0.get(id).cloned()
    }

    /// All layouts, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Layout>> {
        self.0.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_layouts_compile_and_are_named_as_their_files() {
        let layouts = Layouts::builtin();
        for (name, _) in SHIPPED {
            let id = name.trim_start_matches("formats/").trim_end_matches(".toml");
            assert_eq!(layouts.get(id).expect(name).id, id);
        }
        assert_eq!(layouts.iter().count(), SHIPPED.len());
    }

    #[test]
    fn an_operators_layout_takes_the_place_of_the_shipped_one() {
        let mut layouts = Layouts::builtin();
        let (name, text) = SHIPPED[1];
        let text = text.replace("version = \"1.0\"", "version = \"1.1\"");
        let id = layouts.add(name, &text).expect("compiles").id.clone();
        assert_eq!(layouts.get(&id).expect("is there").version, "1.1");
        assert_eq!(layouts.iter().count(), SHIPPED.len());
    }
}
