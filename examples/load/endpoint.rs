//! An endpoint that takes lines as InfluxDB does, and does nothing but count them.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, http::StatusCode};
use tokio::net::TcpListener;
use xt211_examples::Failure;

/// How many lines there were.
pub(crate) type Count = Arc<AtomicU64>;

pub(crate) fn run(listen: SocketAddr) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let count = Count::default();
        let listener = TcpListener::bind(listen).await?;
        tokio::spawn(serve(listener, Arc::clone(&count)));
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            println!("{} lines", count.load(Relaxed));
        }
    })
}

/// Serves until the runtime ends.
pub(crate) async fn serve(listener: TcpListener, count: Count) {
    let router = Router::new().fallback(write).with_state(count);
    // It never ends by itself.
    let _ = axum::serve(listener, router).await;
}

async fn write(State(count): State<Count>, lines: Bytes) -> StatusCode {
    let lines = lines.iter().filter(|byte| **byte == b'\n').count();
    // Cannot truncate: no platform's sizes are wider than 64 bits.
    count.fetch_add(lines as u64, Relaxed);
    StatusCode::NO_CONTENT
}
