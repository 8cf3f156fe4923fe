//! TLS to the broker and to InfluxDB.

use std::fs;

use anyhow::{Context, Result, bail};
use native_tls::{Certificate, TlsConnector};

use crate::config::Tls;

/// A connector that trusts the system's certificates and those of the file.
pub(crate) fn connector(tls: &Tls) -> Result<TlsConnector> {
    let mut builder = TlsConnector::builder();
    if let Some(file) = &tls.ca_file {
        let name = file.display();
        let pem = fs::read(file).with_context(|| format!("cannot read ca_file {name}"))?;
        let certificates = Certificate::stack_from_pem(&pem)
            .with_context(|| format!("ca_file {name} is not a list of certificates in PEM"))?;
        if certificates.is_empty() {
            bail!("ca_file {name} holds no certificate in PEM");
        }
        for certificate in certificates {
            builder.add_root_certificate(certificate);
        }
    }
    builder.build().context("TLS cannot be set up")
}
