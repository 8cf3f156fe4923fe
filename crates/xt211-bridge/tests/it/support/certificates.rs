//! An authority that nobody trusts, unless told to.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

/// A throw-away authority, with the one server that it vouches for: this machine.
pub(crate) struct Authority {
    folder: TempDir,
    pem: String,
    certificate: String,
    key: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Authority of a test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();

        let key = KeyPair::generate().unwrap();
        let names = ["127.0.0.1".into(), "localhost".into()];
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, "Server of a test");
        let certificate = params.signed_by(&key, &issuer).unwrap();

        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(CA_FILE), issuer.pem()).unwrap();
        Self { folder, pem: issuer.pem(), certificate: certificate.pem(), key: key.serialize_pem() }
    }

    /// Its own certificate.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// The line of the configuration by which it is trusted.
    pub(crate) fn ca_file_key(&self) -> String {
        format!("ca_file = \"{}\"\n", self.folder.path().join(CA_FILE).display())
    }

    /// Puts the server's certificate and key into its folder, and says where.
    pub(crate) fn equip(&self, folder: &Path) -> (PathBuf, PathBuf) {
        let (certificate, key) = (folder.join("server.pem"), folder.join("server-key.pem"));
        fs::write(&certificate, &self.certificate).unwrap();
        fs::write(&key, &self.key).unwrap();
        (certificate, key)
    }
}

const CA_FILE: &str = "ca.pem";
