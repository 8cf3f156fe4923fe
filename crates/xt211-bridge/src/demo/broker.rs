//! The embedded broker.

use std::{collections::HashMap, net::SocketAddr, thread};

use anyhow::{Context, Result};
use rumqttd::{Broker, Config, ConnectionSettings, RouterConfig, ServerSettings};

/// Starts a broker in threads of its own. It ends with the program.
pub(super) fn start(port: u16) -> Result<()> {
    let connections = ConnectionSettings {
        connection_timeout_ms: 10_000,
        max_payload_size: 1 << 20,
        max_inflight_count: 200,
        auth: None,
        external_auth: None,
        dynamic_filters: true,
    };
    let server = ServerSettings {
        name: "demo".into(),
        listen: SocketAddr::from(([127, 0, 0, 1], port)),
        tls: None,
        next_connection_delay_ms: 1,
        connections,
    };
    let router = RouterConfig {
        max_connections: 100,
        max_outgoing_packet_count: 200,
        max_segment_size: 1 << 20,
        max_segment_count: 10,
        ..RouterConfig::default()
    };
    let servers = HashMap::from([("demo".to_owned(), server)]);
    let mut broker = Broker::new(Config { router, v4: Some(servers), ..Config::default() });
    thread::Builder::new()
        .name("broker".into())
        .spawn(move || {
            if let Err(error) = broker.start() {
                tracing::error!("the embedded broker ended: {error}");
            }
        })
        .context("the embedded broker cannot be started")?;
    Ok(())
}
