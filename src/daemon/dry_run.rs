//! What a pass would do, without doing it: nothing is fetched away, marked or sent. Works beside a
//! running daemon.

use super::Engine;
use crate::endpoint::{Endpoint, Entry};
use crate::flow::Preview;
use crate::store::Place;
use crate::transfer::TransferError;
use crate::transfer::intake::Source;
use crate::transfer::metadata::{self, Platform, Said};
use std::io::{self, Seek, Write};

/// One waiting file, and what would become of it.
#[derive(Debug)]
pub struct FilePreview {
    /// The file.
    pub place: Place,
    /// What would become of it.
    pub preview: Preview,
}

/// Gives the writer for the answer to one waiting file.
pub(super) type AnswerSink<'a> = &'a mut dyn FnMut(&Place) -> io::Result<Box<dyn Write>>;

/// Looks at everything that waits. The first endpoint that cannot be reached ends it.
pub fn dry_run(engine: &Engine, sink: AnswerSink<'_>) -> Result<Vec<FilePreview>, TransferError> {
    let mut previews = Vec::new();
    for (at, route) in engine.config().routes.iter().enumerate() {
        let inbox = &route.inbox;
        let mut endpoint = engine.config().endpoints[&inbox.endpoint].open(&inbox.endpoint);
        let limit = engine.config().limits.files_per_pass;
        let listing = endpoint.list(&inbox.directory, limit)?;
        for entry in listing.entries.iter().filter(|entry| inbox.plain.wants(&entry.name)) {
            let source = engine.source(route, 0);
            let place = source.place(&entry.name);
            let preview = match said(&source, &mut *endpoint, entry)? {
                Some(Said::Gone) => continue,
                Some(Said::Bad(problem)) => Preview::Refused(problem),
                Some(Said::Good(_)) | None => {
                    preview(engine, at, &mut *endpoint, entry, &mut *sink(&place)?)?
                }
            };
            previews.push(FilePreview { place, preview });
        }
    }
    Ok(previews)
}

/// What a platform says of a file, if one brought it.
fn said(
    source: &Source<'_>,
    endpoint: &mut dyn Endpoint,
    entry: &Entry,
) -> Result<Option<Said>, TransferError> {
    let look = |platform: &Platform<'_>| metadata::look(platform, source, endpoint, entry);
    source.platform.as_ref().map(look).transpose()
}

fn preview(
    engine: &Engine,
    route: usize,
    endpoint: &mut dyn Endpoint,
    entry: &Entry,
    out: &mut dyn Write,
) -> Result<Preview, TransferError> {
    let inbox = &engine.config().routes[route].inbox;
    let mut copy = tempfile::tempfile()?;
    endpoint.fetch(&inbox.directory, entry, engine.config().limits.file_bytes, &mut copy)?;
    copy.rewind()?;
    match engine.flow(route).preview(&engine.desk(), &mut copy, out) {
        Err(TransferError::Refused(problem)) => Ok(Preview::Refused(problem)),
        other => other,
    }
}
