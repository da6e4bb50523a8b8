//! What pages are dressed in. Each file's name holds a part of its hash: a browser keeps it for as
//! long as it likes, and asks for another name once it has changed.

use super::refusal::{Refusal, Why};
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// A file.
pub(super) struct Asset {
    name: String,
    kind: &'static str,
    text: &'static str,
}

/// All of them.
pub(super) struct Assets {
    pub(super) style: Asset,
    pub(super) script: Asset,
    pub(super) icon: Asset,
}

/// Those of this build.
pub(super) static ASSETS: LazyLock<Assets> = LazyLock::new(|| Assets {
    style: Asset::new("page", "css", "text/css", STYLE),
    script: Asset::new("refresh", "js", "text/javascript", include_str!("static/refresh.js")),
    icon: Asset::new("icon", "svg", "image/svg+xml", include_str!("static/icon.svg")),
});

/// What all pages share, then what those with charts have besides.
const STYLE: &str = concat!(include_str!("static/page.css"), include_str!("static/charts.css"));

/// Bytes of the hash in a name.
const HASH: usize = 8;

impl Asset {
    fn new(stem: &str, ending: &str, kind: &'static str, text: &'static str) -> Self {
        let hash = Sha256::digest(text);
        let hash = hex::encode(hash.get(..HASH).unwrap_or(&hash));
        Self { name: format!("{stem}-{hash}.{ending}"), kind, text }
    }

    /// Where it is to be had.
    pub(super) fn path(&self) -> String {
        format!("/static/{}", self.name)
    }
}

/// `/static/{name}`
pub(super) async fn file(Path(name): Path<String>) -> Result<Response, Refusal> {
    let Assets { style, script, icon } = &*ASSETS;
    let asset = [style, script, icon].into_iter().find(|asset| asset.name == name);
    let Asset { kind, text, .. } = asset.ok_or(Why::NotFound)?;
    let kind = format!("{kind}; charset=utf-8");
    let headers =
        [(CONTENT_TYPE, kind.as_str()), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, *text).into_response())
}
