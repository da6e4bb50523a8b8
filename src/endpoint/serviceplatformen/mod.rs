//! The convention *serviceplatformen*: the small XML files that go beside every file which
//! Serviceplatformen's SFTP server carries.
//!
//! | file | written by | what it is |
//! |---|---|---|
//! | `<name>.trigger` | the sender, after `<name>` | [`Trigger`]: send this file |
//! | `<name>.metadata` | the platform, with `<name>` | [`FileMetadata`]: whose it is, how large |
//! | `<name>.sftpreceipt` | the platform | [`TechnicalReceipt`]: delivered, or why not |
//! | `<name>.businessreceipt` | the recipient | [`BusinessReceipt`]: accepted, or why not |
//!
//! Source: the platform's published service contract for SFTP (2023-09-26). Its schema qualifies
//! the root element alone. What is read here comes from outside: see [`SidecarError`].

mod read;
mod receiving;
mod sending;
mod tree;
mod types;
mod write;

pub use read::SidecarError;
pub use receiving::Receiving;
pub use sending::{Parcel, Receipts, Recipients, Routing, Sending, Way};
pub use types::{
    Acceptance, Authority, BusinessReceipt, ErrorMessage, FileDescriptor, FileMetadata, Label,
    MetadataRoot, NotALabel, Outcome, RoutingInfo, TechnicalReceipt, Trigger,
};

/// The namespace of the root elements.
pub const NAMESPACE: &str = "http://serviceplatformen.dk/xml/wsdl/soap11/SFTP/1/types";

/// The one recipient of a file that the platform routes by its [`RoutingInfo`].
pub const DYNAMIC_ROUTING: &str = "ROUTING_V1_0_0";

/// What a [`TechnicalReceipt`] says of a file that was delivered.
pub const SUCCESS: &str = "SUCCESS";

/// Largest sidecar file read where nothing else is said, bytes.
pub const XML_BYTES: u64 = 1 << 20;
