//! No bytes make the readers of Serviceplatformen's sidecar files panic, nor the showing of what is
//! wrong with one; and what is read can be written and reads back the same.

use modregn::endpoint::serviceplatformen::{
    Acceptance, BusinessReceipt, ErrorMessage, FileDescriptor, FileMetadata, Label, MetadataRoot,
    Outcome, SidecarError, TechnicalReceipt, Trigger, XML_BYTES,
};
use modregn_fuzz::{Spoiling, spoil, test_time};

fn seeds() -> [Vec<u8>; 4] {
    let label = |text| Label::parse(text).unwrap();
    let file_transfer_uuid = uuid::Uuid::from_u128(1);
    let file = FileDescriptor {
        name: label("a.txt"),
        size: 7,
        sender: label("ky"),
        senders_file_id: Some(label("1")),
        recipients: vec![label("udk"), label("æ&b")],
    };
    let error = ErrorMessage {
        code: 7,
        code_description: "unknown".to_owned(),
        description: "no such recipient".to_owned(),
    };
    [
        Trigger { file: file.clone(), routing: None }.write(),
        FileMetadata { file_transfer_uuid, file, routing: None }.write(MetadataRoot::Trigger),
        TechnicalReceipt {
            file_transfer_uuid,
            senders_file_id: None,
            outcome: Outcome::Errors(vec![error]),
        }
        .write(),
        BusinessReceipt {
            file_transfer_uuid,
            file_name: label("a.txt"),
            recipient: label("udk"),
            acceptance: Acceptance::Rejected,
            reason: Some("a < b".to_owned()),
        }
        .write(),
    ]
}

fn again<T: PartialEq + std::fmt::Debug>(
    read: impl Fn(&[u8], u64) -> Result<T, SidecarError>,
    write: impl Fn(&T) -> Vec<u8>,
    bytes: &[u8],
) {
    match read(bytes, XML_BYTES) {
        Ok(one) => assert_eq!(read(&write(&one), XML_BYTES), Ok(one)),
        Err(error) => drop(error.to_string()),
    }
}

#[test]
fn any_bytes() {
    let seeds = seeds();
    bolero::check!().with_type::<(u8, Spoiling)>().with_test_time(test_time()).for_each(
        |(seed, spoiling)| {
            let bytes = spoil(&seeds[usize::from(*seed) % seeds.len()], spoiling);
            again(Trigger::read, Trigger::write, &bytes);
            again(FileMetadata::read, |one| one.write(MetadataRoot::FileMetadata), &bytes);
            again(TechnicalReceipt::read, TechnicalReceipt::write, &bytes);
            again(BusinessReceipt::read, BusinessReceipt::write, &bytes);
        },
    );
}
