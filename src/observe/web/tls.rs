//! TLS, and the user that a client certificate names.

use super::WebError;
use crate::config::Web;
use crate::config::web::Tls;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::ssl::{Ssl, SslAcceptor, SslMethod, SslOptions, SslVerifyMode, SslVersion};
use openssl::x509::{X509Name, X509Ref};
use secrecy::ExposeSecret;
use std::path::Path;
use std::pin::Pin;
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

/// What is shown to browsers, and asked of them; `None` = plain HTTP.
pub(super) fn acceptor(web: &Web) -> Result<Option<SslAcceptor>, WebError> {
    let Some(tls) = &web.tls else { return Ok(None) };
    let key = tls.key.text("web.tls.key").map_err(|error| WebError::Key(error.what))?;
    let make = || {
        let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
        acceptor.set_min_proto_version(Some(SslVersion::TLS1_2))?;
        acceptor.set_options(SslOptions::NO_RENEGOTIATION);
        acceptor.set_private_key(&*PKey::private_key_from_pem(key.expose_secret().as_bytes())?)?;
        acceptor.set_certificate_chain_file(&tls.certificate)?;
        acceptor.check_private_key()?;
        if let Some(authorities) = &web.client_ca {
            acceptor.set_ca_file(authorities)?;
            acceptor.set_client_ca_list(X509Name::load_client_ca_file(authorities)?);
            acceptor.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
        }
        Ok(acceptor.build())
    };
    make().map(Some).map_err(|error: openssl::error::ErrorStack| {
        let files = files(tls, web.client_ca.as_deref());
        WebError::Tls(files, error.to_string())
    })
}

fn files(tls: &Tls, authorities: Option<&Path>) -> String {
    let all = [Some(tls.certificate.as_path()), Some(Path::new(&tls.key.0)), authorities];
    let all: Vec<_> = all.into_iter().flatten().map(|file| file.display().to_string()).collect();
    all.join(", ")
}

/// Shakes hands; what comes of it, and the user that the client's certificate names.
pub(super) async fn shake_hands(
    acceptor: &SslAcceptor,
    stream: TcpStream,
) -> Result<(SslStream<TcpStream>, Option<String>), String> {
    let told = |error: openssl::error::ErrorStack| error.to_string();
    let ssl = Ssl::new(acceptor.context()).map_err(told)?;
    let mut stream = SslStream::new(ssl, stream).map_err(told)?;
    Pin::new(&mut stream).accept().await.map_err(|error| error.to_string())?;
    let user = stream.ssl().peer_certificate().and_then(|certificate| common_name(&certificate));
    Ok((stream, user))
}

/// The one CN of a certificate.
fn common_name(certificate: &X509Ref) -> Option<String> {
    let mut names = certificate.subject_name().entries_by_nid(Nid::COMMONNAME);
    match (names.next(), names.next()) {
        (Some(name), None) => name.data().to_string().ok(),
        _ => None,
    }
}
