//! A stand-in for InfluxDB: takes what is written, and prints it.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use axum::{Router, http::StatusCode, routing::post};
use tokio::net::TcpListener;

use super::window;

/// Starts it, and returns its address.
pub(super) async fn start() -> Result<SocketAddr> {
    let listener =
        TcpListener::bind("127.0.0.1:0").await.context("the database cannot be started")?;
    let address = listener.local_addr()?;
    let router = Router::new().route("/api/v2/write", post(write));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

async fn write(lines: String) -> StatusCode {
    for line in lines.lines() {
        window::print("InfluxDB", line);
    }
    StatusCode::NO_CONTENT
}
