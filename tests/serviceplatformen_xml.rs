//! Serviceplatformen's sidecar files: what the contract and public clients write is read, what is
//! written reads back the same, and what is hostile or wrong is refused by name.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

use chrono::DateTime;
use modregn::domain::Cvr;
use modregn::endpoint::serviceplatformen::{
    Acceptance, Authority, BusinessReceipt, DYNAMIC_ROUTING, ErrorMessage, FileDescriptor,
    FileMetadata, Label, MetadataRoot, NAMESPACE, Outcome, RoutingInfo, SUCCESS, SidecarError,
    TechnicalReceipt, Trigger, XML_BYTES,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use uuid::{Uuid, uuid};

const ID: Uuid = uuid!("0198c0de-0000-7000-8000-000000000001");

fn label(text: &str) -> Label {
    Label::parse(text).unwrap()
}

/// As one public client writes it, byte for byte.
const SPSFTP: &str = r#"<ns2:Trigger
xmlns:ns2="http://serviceplatformen.dk/xml/wsdl/soap11/SFTP/1/types">
<FileDescriptor>
<FileName>SF2530_0101_202612.txt</FileName>
<SizeInBytes>140</SizeInBytes>
<Sender>ky</Sender>
<SendersFileId>0198c0de-0000-7000-8000-000000000001</SendersFileId>
<Recipients>udk</Recipients>
</FileDescriptor>
<FileContentDescriptor>
</FileContentDescriptor>
</ns2:Trigger>"#;

fn sample() -> Trigger {
    let file = FileDescriptor {
        name: label("SF2530_0101_202612.txt"),
        size: 140,
        sender: label("ky"),
        senders_file_id: Some(ID.into()),
        recipients: vec![label("udk")],
    };
    Trigger { file, routing: None }
}

#[test]
fn what_a_public_client_writes_is_read() {
    assert_eq!(Trigger::read(SPSFTP.as_bytes(), XML_BYTES), Ok(sample()));
}

#[test]
fn a_trigger_is_written_as_the_schema_orders_it() {
    let routing = RoutingInfo {
        inf_ref: "SF2530".to_owned(),
        sender_it_system: ID,
        sender_authority: Cvr::parse(b"64942212").unwrap().into(),
        transaction_id: ID,
        sender_timestamp: DateTime::from_timestamp(1_798_617_600, 0).unwrap(),
        recipient_it_system: None,
        recipient_authority: Authority::parse("urn:oio:cvr-nr:00000001").unwrap(),
    };
    let file = FileDescriptor {
        recipients: vec![label(DYNAMIC_ROUTING)],
        senders_file_id: None,
        name: label("R&D <1>.txt"),
        ..sample().file
    };
    let written = Trigger { file, routing: Some(routing) }.write();
    let wanted = r#"<?xml version="1.0" encoding="UTF-8"?>
<ns2:Trigger xmlns:ns2="http://serviceplatformen.dk/xml/wsdl/soap11/SFTP/1/types">
  <FileDescriptor>
    <FileName>R&amp;D &lt;1&gt;.txt</FileName>
    <SizeInBytes>140</SizeInBytes>
    <Sender>ky</Sender>
    <Recipients>ROUTING_V1_0_0</Recipients>
  </FileDescriptor>
  <FileContentDescriptor>
    <SFTPDynamicRoutingInfo>
      <InfRef>SF2530</InfRef>
      <SenderIt-system>0198c0de-0000-7000-8000-000000000001</SenderIt-system>
      <SenderAuthority>urn:oio:cvr-nr:64942212</SenderAuthority>
      <TransactionId>0198c0de-0000-7000-8000-000000000001</TransactionId>
      <SenderTimestamp>2026-12-30T08:00:00Z</SenderTimestamp>
      <RecipientAuthority>urn:oio:cvr-nr:00000001</RecipientAuthority>
    </SFTPDynamicRoutingInfo>
  </FileContentDescriptor>
</ns2:Trigger>
"#;
    assert_eq!(String::from_utf8(written).unwrap(), wanted);
}

#[test]
fn metadata_is_read_by_either_root_and_by_any_prefix() {
    let metadata =
        FileMetadata { file_transfer_uuid: ID, file: sample().file, routing: sample().routing };
    for root in [MetadataRoot::FileMetadata, MetadataRoot::Trigger] {
        let text = String::from_utf8(metadata.write(root)).unwrap();
        assert_eq!(FileMetadata::read(text.as_bytes(), XML_BYTES).unwrap(), metadata);
        let text = text.replace("ns2", "sftp").replace("encoding=\"UTF-8\"", "");
        let text = format!("\u{FEFF}{text}<!-- end -->");
        assert_eq!(FileMetadata::read(text.as_bytes(), XML_BYTES).unwrap(), metadata);
    }
}

#[test]
fn routing_parameters_and_moments_without_a_zone_are_read() {
    let text = format!(
        "<t:Trigger xmlns:t='{NAMESPACE}'><FileDescriptor><FileName>a</FileName>\
         <SizeInBytes>1</SizeInBytes><Sender>ky</Sender><Recipients>ROUTING_V1_0_0</Recipients>\
         </FileDescriptor><FileContentDescriptor><SFTPDynamicRoutingInfo><InfRef>x</InfRef>\
         <SenderIt-system>{ID}</SenderIt-system>\
         <SenderAuthority>urn:oio:cvr-nr:64942212</SenderAuthority>\
         <TransactionId>{ID}</TransactionId><SenderTimestamp>2026-07-01T12:00:00</SenderTimestamp>\
         <RecipientIt-system>{ID}</RecipientIt-system>\
         <RecipientAuthority>urn:oio:cvr-nr:64942212</RecipientAuthority><RouteParameterList>\
         <RouteParameter><o:a xmlns:o='urn:other'>1</o:a></RouteParameter></RouteParameterList>\
         </SFTPDynamicRoutingInfo></FileContentDescriptor></t:Trigger>"
    );
    let routing = Trigger::read(text.as_bytes(), XML_BYTES).unwrap().routing.unwrap();
    assert_eq!(routing.sender_timestamp.to_rfc3339(), "2026-07-01T10:00:00+00:00");
    assert_eq!(routing.recipient_it_system, Some(ID));
    let upper = text.replace(&format!("m>{ID}"), &format!("m>{}", ID.to_string().to_uppercase()));
    let error = Trigger::read(upper.as_bytes(), XML_BYTES).unwrap_err().to_string();
    assert_eq!(error, "SenderIt-system: expected a UUID with hyphens in lower case");
}

#[test]
fn receipts_say_what_became_of_a_file() {
    let text = format!(
        "<n:TechnicalReceipt xmlns:n='{NAMESPACE}'><FileTransferUUID>{ID}</FileTransferUUID>\
         <SendersFileId/><Receipt><Message>{SUCCESS}</Message></Receipt></n:TechnicalReceipt>"
    );
    let receipt = TechnicalReceipt::read(text.as_bytes(), XML_BYTES).unwrap();
    let outcome = Outcome::Message(SUCCESS.to_owned());
    let wanted = TechnicalReceipt { file_transfer_uuid: ID, senders_file_id: None, outcome };
    assert_eq!(receipt, wanted);
    let text = format!(
        "<n:BusinessReceipt xmlns:n='{NAMESPACE}'><FileTransferUUID>{ID}</FileTransferUUID>\
         <Filename>a.txt</Filename><Recipient>udk</Recipient>\
         <FileAcceptance>REJECTED</FileAcceptance><Reason>a &#x26; b</Reason></n:BusinessReceipt>"
    );
    let receipt = BusinessReceipt::read(text.as_bytes(), XML_BYTES).unwrap();
    assert_eq!(receipt.acceptance, Acceptance::Rejected);
    assert_eq!(receipt.reason.as_deref(), Some("a & b"));
}

#[test]
fn what_is_hostile_or_wrong_is_refused_by_name() {
    let deep = format!("{}{}", "<a>".repeat(16), "</a>".repeat(16));
    let many = "<a/>".repeat(10_000);
    let long = format!("<FileName>{}</FileName>", "a".repeat(256));
    let table = [
        ("", "", "well-formed"),
        ("<ns2:Trigger", "<!DOCTYPE a [<!ENTITY b \"c\">]><ns2:Trigger", "document type"),
        (">ky<", ">&b;<", "reference to an entity"),
        (">ky<", ">&#0;<", "well-formed"),
        (">ky<", ">\u{1}<", "well-formed"),
        (">ky<", "><", "Sender: expected 1 to 255 characters"),
        (">ky<", "><b>ky</b><", "Sender has b, which does not belong there"),
        ("<Sender>ky</Sender>", "", "FileDescriptor has no Sender"),
        ("<Sender>ky</Sender>", "<Sender>a</Sender><Sender>b</Sender>", "more than one Sender"),
        ("<Sender>", "stray<Sender>", "FileDescriptor has text between its elements"),
        ("<Sender>", &deep, "16 deep"),
        ("<Sender>", &many, "more than 10000 elements"),
        ("<Sender>", "<P0101901234/><Sender>", "FileDescriptor has P??????????, which"),
        ("<FileName>SF2530_0101_202612.txt</FileName>", &long, "FileName: expected 1 to 255"),
        (">140<", ">-1<", "SizeInBytes: expected a number of bytes"),
        (">140<", ">18446744073709551616<", "SizeInBytes"),
        ("<Recipients>udk</Recipients>", "", "FileDescriptor has no Recipients"),
        ("SFTP/1/types", "SFTP/2/types", "expected the root element Trigger in the namespace"),
        ("xmlns:ns2=", "xmlns=", "well-formed"),
        ("ns2:Trigger>", "ns2:Trigger><ns2:Trigger/>", "well-formed"),
        ("</FileContentDescriptor>", "", "well-formed"),
        ("\nxmlns", " a='1' a='2'\nxmlns", "well-formed"),
    ];
    for (from, to, says) in table {
        let text = if from.is_empty() { String::new() } else { SPSFTP.replacen(from, to, 1) };
        let error = Trigger::read(text.as_bytes(), XML_BYTES).unwrap_err().to_string();
        assert!(error.contains(says), "{to:.60}: {says:?} is not in: {error}");
    }
    let qualified = SPSFTP.replace("ns2:", "").replace(":ns2", "");
    let error = Trigger::read(qualified.as_bytes(), XML_BYTES).unwrap_err().to_string();
    assert_eq!(error, "FileDescriptor stands in a namespace; only the root element does");
    assert_eq!(Trigger::read(b"\xFF", XML_BYTES), Err(SidecarError::NotUtf8));
    assert_eq!(Trigger::read(SPSFTP.as_bytes(), 100), Err(SidecarError::TooLarge(100)));
    let latin = format!("<?xml version='1.0' encoding='ISO-8859-1'?>{SPSFTP}");
    assert_eq!(Trigger::read(latin.as_bytes(), XML_BYTES), Ok(sample()));
    let latin = latin.replace("ky", "kø");
    assert_eq!(Trigger::read(latin.as_bytes(), XML_BYTES), Err(SidecarError::NotUtf8));
}

#[test]
fn neither_both_outcomes_nor_none() {
    let receipt = |inner: &str| {
        let text = format!(
            "<n:TechnicalReceipt xmlns:n='{NAMESPACE}'><FileTransferUUID>{ID}</FileTransferUUID>\
             {inner}</n:TechnicalReceipt>"
        );
        TechnicalReceipt::read(text.as_bytes(), XML_BYTES).unwrap_err().to_string()
    };
    assert_eq!(receipt(""), "TechnicalReceipt has no Receipt");
    let both = receipt(
        "<Receipt><Message>a</Message></Receipt><ErrorMessage><ErrorCode>1</ErrorCode>\
         <ErrorCodeDescription/><ErrorDescription/></ErrorMessage>",
    );
    assert!(both.contains("Receipt beside ErrorMessage"), "{both}");
}

// ---- what is written reads back the same

/// Any text that XML can hold.
fn text() -> impl Strategy<Value = String> {
    "[\t\n\r -~¡-\u{2FF}\u{E000}-\u{FFFD}\u{10000}-\u{10010}]{0,40}"
}

fn labels() -> impl Strategy<Value = Label> {
    "[ -~¡-\u{2FF}]{1,255}".prop_map(|text| label(&text))
}

fn uuids() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

fn authorities() -> impl Strategy<Value = Authority> {
    "urn:oio:cvr-nr:[0-9]{8}".prop_map(|urn| Authority::parse(&urn).unwrap())
}

prop_compose! {
    fn files()(
        name in labels(),
        size in any::<u64>(),
        sender in labels(),
        senders_file_id in option::of(labels()),
        recipients in vec(labels(), 1..4),
    ) -> FileDescriptor {
        FileDescriptor { name, size, sender, senders_file_id, recipients }
    }
}

prop_compose! {
    fn routings()(
        inf_ref in text(),
        (sender_it_system, transaction_id) in (uuids(), uuids()),
        (sender_authority, recipient_authority) in (authorities(), authorities()),
        (seconds, nanos) in (0..9_000_000_000_i64, 0..1_000_000_000_u32),
        recipient_it_system in option::of(uuids()),
    ) -> RoutingInfo {
        let sender_timestamp = DateTime::from_timestamp(seconds, nanos).unwrap();
        RoutingInfo {
            inf_ref, sender_it_system, sender_authority, transaction_id, sender_timestamp,
            recipient_it_system, recipient_authority,
        }
    }
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    let error = (any::<i32>(), text(), text()).prop_map(|(code, code_description, description)| {
        ErrorMessage { code, code_description, description }
    });
    prop_oneof![text().prop_map(Outcome::Message), vec(error, 1..4).prop_map(Outcome::Errors),]
}

proptest! {
    #[test]
    fn a_trigger_reads_back(file in files(), routing in option::of(routings())) {
        let trigger = Trigger { file, routing };
        prop_assert_eq!(Trigger::read(&trigger.write(), XML_BYTES), Ok(trigger));
    }

    #[test]
    fn metadata_reads_back(
        file_transfer_uuid in uuids(),
        file in files(),
        routing in option::of(routings()),
        as_trigger in any::<bool>(),
    ) {
        let metadata = FileMetadata { file_transfer_uuid, file, routing };
        let root = if as_trigger { MetadataRoot::Trigger } else { MetadataRoot::FileMetadata };
        prop_assert_eq!(FileMetadata::read(&metadata.write(root), XML_BYTES), Ok(metadata));
    }

    #[test]
    fn a_technical_receipt_reads_back(
        file_transfer_uuid in uuids(),
        senders_file_id in option::of(labels()),
        outcome in outcomes(),
    ) {
        let receipt = TechnicalReceipt { file_transfer_uuid, senders_file_id, outcome };
        prop_assert_eq!(TechnicalReceipt::read(&receipt.write(), XML_BYTES), Ok(receipt));
    }

    #[test]
    fn a_business_receipt_reads_back(
        file_transfer_uuid in uuids(),
        file_name in labels(),
        recipient in labels(),
        acceptance in prop::sample::select(&Acceptance::ALL),
        reason in option::of(text()),
    ) {
        let receipt =
            BusinessReceipt { file_transfer_uuid, file_name, recipient, acceptance, reason };
        prop_assert_eq!(BusinessReceipt::read(&receipt.write(), XML_BYTES), Ok(receipt));
    }

    #[test]
    fn no_bytes_make_the_readers_panic(bytes in vec(any::<u8>(), 0..300), at in 0..500_usize) {
        let mut spoiled = SPSFTP.as_bytes().to_vec();
        let at = at.min(spoiled.len());
        spoiled.splice(at..at, bytes.iter().copied());
        for bytes in [&bytes, &spoiled] {
            drop(Trigger::read(bytes, XML_BYTES));
            drop(FileMetadata::read(bytes, XML_BYTES));
            drop(TechnicalReceipt::read(bytes, XML_BYTES));
            drop(BusinessReceipt::read(bytes, XML_BYTES));
        }
    }
}
