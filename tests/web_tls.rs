//! The status page by TLS, with client certificates: who has one of our authority is known by its
//! name, and nobody else gets in.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::ssl::{SslConnector, SslMethod, SslVersion};
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509Name};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use support::daemon::Daemon;
use support::http::{Browser, Page};
use support::installation::Installation;
use support::page::with_page;

/// A certificate and its key.
struct Identity {
    certificate: X509,
    key: PKey<Private>,
}

/// One with this name, of this authority; its own where there is none.
fn identity(name: &str, authority: Option<&Identity>) -> Identity {
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut subject = X509Name::builder().unwrap();
    subject.append_entry_by_text("CN", name).unwrap();
    let subject = subject.build();
    let mut made = X509::builder().unwrap();
    made.set_version(2).unwrap();
    let serial = BigNum::from_u32(u32::try_from(name.len()).unwrap() + 1).unwrap();
    made.set_serial_number(&serial.to_asn1_integer().unwrap()).unwrap();
    made.set_subject_name(&subject).unwrap();
    made.set_pubkey(&key).unwrap();
    made.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    made.set_not_after(&Asn1Time::days_from_now(2).unwrap()).unwrap();
    if let Some(authority) = authority {
        made.set_issuer_name(authority.certificate.subject_name()).unwrap();
        let names = {
            let context = made.x509v3_context(Some(&authority.certificate), None);
            SubjectAlternativeName::new().ip("127.0.0.1").build(&context).unwrap()
        };
        made.append_extension(names).unwrap();
        made.sign(&authority.key, MessageDigest::sha256()).unwrap();
    } else {
        made.set_issuer_name(&subject).unwrap();
        let authority = BasicConstraints::new().critical().ca().build().unwrap();
        made.append_extension(authority).unwrap();
        made.sign(&key, MessageDigest::sha256()).unwrap();
    }
    Identity { certificate: made.build(), key }
}

/// Writes the files that the configuration names.
fn write(installation: &Installation, ours: &Identity, clients: &Identity) {
    let write = |name: &str, bytes: Vec<u8>| fs::write(installation.path(name), bytes).unwrap();
    write("web.pem", ours.certificate.to_pem().unwrap());
    write("web.key", ours.key.private_key_to_pem_pkcs8().unwrap());
    write("clients.pem", clients.certificate.to_pem().unwrap());
    only_ours(&installation.path("web.key"), 0o600);
}

fn only_ours(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

const SETTINGS: &str = "operators = [\"anna\"]\nclient_ca = \"clients.pem\"\n\
     tls = { certificate = \"web.pem\", key = \"./web.key\" }\n";

/// Asks as this client, who trusts this authority.
fn ask(browser: &Browser, authority: &Identity, client: Option<&Identity>) -> Page {
    let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
    connector.cert_store_mut().add_cert(authority.certificate.clone()).unwrap();
    if let Some(client) = client {
        connector.set_certificate(&client.certificate).unwrap();
        connector.set_private_key(&client.key).unwrap();
    }
    let Ok(mut stream) = connector.build().connect("127.0.0.1", browser.connect()) else {
        return Page::of(b"");
    };
    let request = browser.request("GET", "/files?lang=en", "");
    // Who is not let in may hear of it at any time after the handshake.
    let _ = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    Page::of(&answer)
}

#[test]
fn a_client_certificate_says_who_asks() {
    let installation = Installation::local("TEST");
    with_page(&installation, SETTINGS);
    let authority = identity("the authority", None);
    let clients = identity("the clients' authority", None);
    write(&installation, &identity("the page", Some(&authority)), &clients);
    let mut daemon = Daemon::start(&installation, "info");
    let browser = Browser::at(&daemon.web());

    let anna = identity("anna", Some(&clients));
    let page = ask(&browser, &authority, Some(&anna));
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("Signed in as anna"), "{}", page.body);
    assert!(!page.body.contains("read only"), "she may act: {}", page.body);
    assert!(page.header("set-cookie").ends_with("; Secure"), "{}", page.header("set-cookie"));
    let carl = ask(&browser, &authority, Some(&identity("carl", Some(&clients))));
    assert!(carl.body.contains("carl (read only)"), "{}", carl.body);

    let forged = identity("anna", Some(&authority));
    for stranger in [None, Some(&forged)] {
        assert_eq!(ask(&browser, &authority, stranger).status, 0, "nobody gets in without one");
    }
    // A header does not say who asks here.
    let said = ask(&browser.with("X-Remote-User", "anna"), &authority, Some(&forged));
    assert_eq!(said.status, 0);
    assert_ne!(browser.get("/files").status, 200, "without TLS");
    let log = daemon.stop();
    assert!(log.matches("no-handshake").count() >= 4, "{log}");
}

#[test]
fn old_protocols_are_not_spoken() {
    let installation = Installation::local("TEST");
    with_page(&installation, SETTINGS);
    let authority = identity("the authority", None);
    write(&installation, &identity("the page", Some(&authority)), &authority);
    let mut daemon = Daemon::start(&installation, "info");
    let browser = Browser::at(&daemon.web());
    let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
    connector.set_min_proto_version(None).unwrap();
    connector.set_max_proto_version(Some(SslVersion::TLS1_1)).unwrap();
    // OpenSSL itself speaks them only when nothing is asked of keys.
    connector.set_cipher_list("ALL:@SECLEVEL=0").unwrap();
    assert!(connector.build().connect("127.0.0.1", browser.connect()).is_err());
    daemon.stop();
}

#[test]
fn a_key_that_others_may_read_or_of_another_is_refused_at_the_start() {
    let installation = Installation::local("TEST");
    with_page(&installation, SETTINGS);
    let authority = identity("the authority", None);
    write(&installation, &identity("the page", Some(&authority)), &authority);
    only_ours(&installation.path("web.key"), 0o644);
    let said = installation.run(&["run"]);
    assert!(said.err.contains("others may read it"), "{}", said.err);
    only_ours(&installation.path("web.key"), 0o600);
    let other = authority.key.private_key_to_pem_pkcs8().unwrap();
    fs::write(installation.path("web.key"), other).unwrap();
    let said = installation.run(&["run"]);
    assert_ne!(said.code, Some(0));
    assert!(said.err.contains("web.tls: ") && said.err.contains("web.pem"), "{}", said.err);
}
