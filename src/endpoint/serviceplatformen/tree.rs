//! XML from outside, as a small tree of elements: bounded in size, depth and number, without
//! document types and entities. What the elements mean is the reader's business.

use super::NAMESPACE;
use super::read::SidecarError;
use quick_xml::NsReader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;

/// Elements within each other; the schema needs six.
const DEEPEST: usize = 16;
/// Elements in all: a file for a thousand recipients has about as many.
const MOST: usize = 10_000;

/// An element without its attributes, none of which means anything in these files.
#[derive(Debug)]
pub(super) struct Element {
    /// Without prefix.
    pub(super) name: String,
    pub(super) space: Space,
    /// All its own text, joined.
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

/// Where an element's name belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    /// Nowhere.
    Unqualified,
    /// [`NAMESPACE`].
    Ours,
    /// Some other namespace.
    Foreign,
}

/// Reads one document of at most `limit` bytes.
pub(super) fn parse(bytes: &[u8], limit: u64) -> Result<Element, SidecarError> {
    if bytes.len() as u64 > limit {
        return Err(SidecarError::TooLarge(limit));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| SidecarError::NotUtf8)?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    if text.contains(is_no_xml) {
        return Err(SidecarError::NotXml);
    }
    let mut reader = NsReader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut builder = Builder::default();
    loop {
        let (space, event) = reader.read_resolved_event().map_err(|_| SidecarError::NotXml)?;
        let space = space_of(&space)?;
        match event {
            Event::Start(start) => builder.open(&start, space)?,
            Event::End(_) => builder.close()?,
            Event::Text(text) => builder.text(&text.xml10_content())?,
            Event::CData(text) => builder.text(&text.xml10_content())?,
            Event::GeneralRef(reference) => builder.text(&resolve(&reference)?)?,
            Event::DocType(_) => return Err(SidecarError::Doctype),
            Event::Decl(declaration) => check(&declaration, text)?,
            Event::Comment(_) | Event::PI(_) | Event::Empty(_) => {}
            Event::Eof => return builder.finish(),
        }
    }
}

/// Characters that no XML document may hold.
pub(super) fn is_no_xml(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}')
}

/// What an `&…;` stands for: a character by number, or one of the five that XML itself has.
fn resolve(reference: &BytesRef<'_>) -> Result<String, SidecarError> {
    if let Some(c) = reference.resolve_char_ref().map_err(|_| SidecarError::NotXml)? {
        return if is_no_xml(c) { Err(SidecarError::NotXml) } else { Ok(c.to_string()) };
    }
    resolve_xml_entity(reference.as_ref()).map(str::to_owned).ok_or(SidecarError::Entity)
}

/// Bytes that are all ASCII mean the same by nearly every encoding a declaration may name.
fn check(declaration: &BytesDecl<'_>, text: &str) -> Result<(), SidecarError> {
    match declaration.encoding() {
        None => Ok(()),
        Some(Ok(name)) if name.eq_ignore_ascii_case("utf-8") || text.is_ascii() => Ok(()),
        Some(_) => Err(SidecarError::NotUtf8),
    }
}

fn space_of(resolved: &ResolveResult<'_>) -> Result<Space, SidecarError> {
    match resolved {
        ResolveResult::Unbound => Ok(Space::Unqualified),
        ResolveResult::Bound(namespace) if namespace.as_ref() == NAMESPACE => Ok(Space::Ours),
        ResolveResult::Bound(_) => Ok(Space::Foreign),
        ResolveResult::Unknown(_) => Err(SidecarError::NotXml),
    }
}

#[derive(Default)]
struct Builder {
    /// The elements that are open, outermost first.
    open: Vec<Element>,
    root: Option<Element>,
    count: usize,
}

impl Builder {
    fn open(&mut self, start: &BytesStart<'_>, space: Space) -> Result<(), SidecarError> {
        if self.root.is_some() || start.attributes().any(|attribute| attribute.is_err()) {
            return Err(SidecarError::NotXml);
        }
        self.count += 1;
        if self.open.len() == DEEPEST {
            return Err(SidecarError::TooDeep(DEEPEST));
        }
        if self.count > MOST {
            return Err(SidecarError::TooMany(MOST));
        }
        let name = start.local_name().as_ref().to_owned();
        self.open.push(Element { name, space, text: String::new(), children: Vec::new() });
        Ok(())
    }

    fn close(&mut self) -> Result<(), SidecarError> {
        let element = self.open.pop().ok_or(SidecarError::NotXml)?;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), SidecarError> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err(SidecarError::NotXml),
        }
        Ok(())
    }

    fn finish(self) -> Result<Element, SidecarError> {
        self.root.filter(|_| self.open.is_empty()).ok_or(SidecarError::NotXml)
    }
}
