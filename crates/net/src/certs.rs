//! Our own certificate authority, made at first start, and the server's certificate (SEC-12).

use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;

/// Why TLS cannot be offered.
#[derive(Debug, Error)]
pub enum CertError {
    /// A file cannot be read or written.
    #[error("certificate file {path}")]
    File {
        /// Which.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The authority or certificate cannot be made.
    #[error("certificate cannot be made")]
    Make(#[source] rcgen::Error),
    /// The files hold no usable certificate and key.
    #[error("certificate cannot be used")]
    Use(#[source] rustls::Error),
    /// The files hold no PEM.
    #[error("certificate file is not PEM")]
    Pem(#[source] rustls::pki_types::pem::Error),
}

/// TLS 1.2 and 1.3 with the certificate in `dir`; makes authority and certificate when missing.
///
/// `names` are host names and addresses that the certificate shall be good for. Files: `ca.pem`
/// (to be installed in phones), `ca.key`, `server.pem`, `server.key` (mode 0600).
pub fn server_config(dir: &Path, names: &[String]) -> Result<Arc<ServerConfig>, CertError> {
    let chain = dir.join("server.pem");
    let key = dir.join("server.key");
    if !chain.exists() || !key.exists() {
        make(dir, names)?;
    }
    let pem = read(&chain)?;
    let certs: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().map_err(CertError::Pem)?;
    let key = PrivateKeyDer::from_pem_slice(&read(&key)?).map_err(CertError::Pem)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(CertError::Use)?
        .with_no_client_auth()
        .with_single_cert(certs, key)
        .map_err(CertError::Use)?;
    Ok(Arc::new(config))
}

fn make(dir: &Path, names: &[String]) -> Result<(), CertError> {
    let ca_key = KeyPair::generate().map_err(CertError::Make)?;
    let mut ca = CertificateParams::default();
    ca.distinguished_name.push(DnType::CommonName, "Naisen CA");
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let ca_cert = ca.self_signed(&ca_key).map_err(CertError::Make)?;

    let key = KeyPair::generate().map_err(CertError::Make)?;
    let mut params = CertificateParams::new(names.to_vec()).map_err(CertError::Make)?;
    params.distinguished_name.push(DnType::CommonName, "Naisen");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let issuer = Issuer::from_params(&ca, &ca_key);
    let cert = params.signed_by(&key, &issuer).map_err(CertError::Make)?;

    fs::create_dir_all(dir)
        .map_err(|source| CertError::File { path: dir.display().to_string(), source })?;
    write(&dir.join("ca.key"), &ca_key.serialize_pem())?;
    write(&dir.join("ca.pem"), &ca_cert.pem())?;
    write(&dir.join("server.key"), &key.serialize_pem())?;
    write(&dir.join("server.pem"), &format!("{}{}", cert.pem(), ca_cert.pem()))
}

fn read(path: &Path) -> Result<Vec<u8>, CertError> {
    fs::read(path).map_err(|source| CertError::File { path: path.display().to_string(), source })
}

fn write(path: &Path, text: &str) -> Result<(), CertError> {
    let open =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    open.and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes()))
        .map_err(|source| CertError::File { path: path.display().to_string(), source })
}
