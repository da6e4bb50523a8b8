//! SFTP requests, answered from a real directory.

use crate::script::Manners;
use crate::server::Shared;
use russh_sftp::protocol::{
    Attrs, Data, File as Named, FileAttributes, Handle, Name, OpenFlags, Packet, StatusCode,
    Version,
};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// What one connection has open.
pub(crate) struct Files {
    shared: Arc<Shared>,
    open: BTreeMap<String, Open>,
    opened: usize,
}

enum Open {
    File(File),
    Directory(Names),
}

/// Made as they are asked for: there may be many.
type Names = Box<dyn Iterator<Item = Named> + Send>;

/// Names in one answer.
const NAMES_AT_ONCE: usize = 200;
const SHORT_READ: u32 = 16 * 1024;

impl Files {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, open: BTreeMap::new(), opened: 0 }
    }

    /// Does what is asked, as well as the server's manners allow.
    pub(crate) fn answer(&mut self, packet: Packet) -> Packet {
        let id = packet.get_request_id();
        self.act(packet).unwrap_or_else(|error| Packet::error(id, status_of(&error)))
    }

    fn act(&mut self, packet: Packet) -> io::Result<Packet> {
        let id = packet.get_request_id();
        let manners = self.shared.script().manners.clone();
        match packet {
            Packet::Init(_) => return Ok(Version::new().into()),
            Packet::Open(open) => {
                let file = self.open_file(&open.filename, open.pflags)?;
                return Ok(self.keep(id, Open::File(file)));
            }
            Packet::OpenDir(open) => {
                let names = list(&self.path(&open.path)?, &manners)?;
                return Ok(self.keep(id, Open::Directory(names)));
            }
            Packet::Read(read) => {
                let most = if manners.short_reads { SHORT_READ } else { u32::MAX };
                let mut data = vec![0; read.len.min(most) as usize];
                let n = self.file(&read.handle)?.read_at(&mut data, read.offset)?;
                data.truncate(n);
                return if n == 0 {
                    Err(ErrorKind::UnexpectedEof.into())
                } else {
                    Ok(data_of(id, data))
                };
            }
            Packet::ReadDir(read) => {
                let Some(Open::Directory(names)) = self.open.get_mut(&read.handle) else {
                    return Err(ErrorKind::InvalidInput.into());
                };
                let files: Vec<_> = names.take(NAMES_AT_ONCE).collect();
                return if files.is_empty() {
                    Err(ErrorKind::UnexpectedEof.into())
                } else {
                    Ok(Name { id, files }.into())
                };
            }
            Packet::Lstat(look) => {
                return Ok(attrs(id, &fs::symlink_metadata(self.path(&look.path)?)?));
            }
            Packet::Stat(look) => return Ok(attrs(id, &fs::metadata(self.path(&look.path)?)?)),
            Packet::Fstat(look) => return Ok(attrs(id, &self.file(&look.handle)?.metadata()?)),
            Packet::RealPath(_) => {
                return Ok(Name { id, files: vec![Named::dummy("/")] }.into());
            }
            Packet::Write(write) => {
                let kept = manners.keeps_only.unwrap_or(u64::MAX).saturating_sub(write.offset);
                let kept = usize::try_from(kept).unwrap_or(usize::MAX).min(write.data.len());
                self.file(&write.handle)?.write_all_at(&write.data[..kept], write.offset)?;
            }
            Packet::Extended(extended) if extended.request == "fsync@openssh.com" => {}
            Packet::Close(close) => drop(self.open.remove(&close.handle)),
            Packet::Remove(remove) => self.remove(&remove.filename)?,
            Packet::Rename(rename) => {
                self.rename(&rename.oldpath, &rename.newpath, manners.overwrites)?;
            }
            _ => return Err(ErrorKind::Unsupported.into()),
        }
        Ok(Packet::error(id, StatusCode::Ok))
    }

    fn open_file(&self, name: &str, flags: OpenFlags) -> io::Result<File> {
        let path = self.path(name)?;
        if flags.contains(OpenFlags::WRITE) && path.extension() != Some("tmp".as_ref()) {
            self.shared.breach(format!("{name} was written under its own name"));
        }
        OpenOptions::from(flags).open(path)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let path = self.path(name)?;
        self.leaves(&path)?;
        fs::remove_file(path)
    }

    /// A request leaves its place: it must be safe by now.
    fn leaves(&self, path: &Path) -> io::Result<()> {
        let is_request = path.extension() == Some("txt".as_ref());
        if is_request && !self.shared.is_safe(&fs::read(path)?) {
            self.shared.breach(format!("{} was taken away before it was safe", path.display()));
        }
        Ok(())
    }

    fn rename(&self, from: &str, to: &str, overwrites: bool) -> io::Result<()> {
        let to_path = self.path(to)?;
        if to_path.exists() {
            if !overwrites {
                return Err(ErrorKind::AlreadyExists.into());
            }
            self.shared.breach(format!("{to} was overwritten"));
        }
        let from = self.path(from)?;
        self.leaves(&from)?;
        fs::rename(from, to_path)
    }

    fn keep(&mut self, id: u32, open: Open) -> Packet {
        self.opened += 1;
        let handle = self.opened.to_string();
        self.open.insert(handle.clone(), open);
        Handle { id, handle }.into()
    }

    fn file(&self, handle: &str) -> io::Result<&File> {
        match self.open.get(handle) {
            Some(Open::File(file)) => Ok(file),
            _ => Err(ErrorKind::InvalidInput.into()),
        }
    }

    /// Where a client's path leads: never out of the root.
    fn path(&self, name: &str) -> io::Result<PathBuf> {
        let mut path = self.shared.root.clone();
        for part in Path::new(name).components() {
            match part {
                Component::Normal(part) => path.push(part),
                Component::RootDir | Component::CurDir => {}
                _ => {
                    self.shared.breach(format!("{name} was asked for"));
                    return Err(ErrorKind::NotFound.into());
                }
            }
        }
        Ok(path)
    }
}

fn status_of(error: &io::Error) -> StatusCode {
    match error.kind() {
        ErrorKind::NotFound => StatusCode::NoSuchFile,
        ErrorKind::PermissionDenied => StatusCode::PermissionDenied,
        ErrorKind::UnexpectedEof => StatusCode::Eof,
        ErrorKind::Unsupported => StatusCode::OpUnsupported,
        _ => StatusCode::Failure,
    }
}

fn data_of(id: u32, data: Vec<u8>) -> Packet {
    Data { id, data }.into()
}

fn attrs(id: u32, metadata: &fs::Metadata) -> Packet {
    Attrs { id, attrs: FileAttributes::from(metadata) }.into()
}

/// A directory as the server's manners show it.
fn list(directory: &Path, manners: &Manners) -> io::Result<Names> {
    let mut like_a_file = FileAttributes { size: Some(76), ..FileAttributes::empty() };
    like_a_file.permissions = Some(0o640);
    like_a_file.set_regular(true);
    let numbered = (0..manners.invented_count).map(|number| format!("{number:06}.gone"));
    let invented = manners.invented.clone().into_iter().chain(numbered);
    let invented = invented.map(move |name| Named::new(name, like_a_file.clone()));
    let mut real = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().into_string().unwrap();
        real.push(Named::new(name, FileAttributes::from(&entry.metadata()?)));
    }
    let (times, bare) = (if manners.doubled { 2 } else { 1 }, manners.bare);
    let names = invented.chain(real).flat_map(move |name| vec![name; times]);
    Ok(Box::new(names.map(move |mut name| {
        if bare {
            name.attrs = FileAttributes::empty();
        }
        name
    })))
}
