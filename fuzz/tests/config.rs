//! No text makes the configuration panic.

use modregn::config::{Config, EXAMPLE};
use modregn_fuzz::{Spoiling, spoil, test_time};
use std::path::Path;

#[test]
fn any_text() {
    bolero::check!().with_type::<Spoiling>().with_test_time(test_time()).for_each(|spoiling| {
        let bytes = spoil(EXAMPLE.as_bytes(), spoiling);
        let text = String::from_utf8_lossy(&bytes);
        drop(Config::parse(&text, "fuzz.toml", Path::new("/")).map_err(|error| error.to_string()));
    });
}
