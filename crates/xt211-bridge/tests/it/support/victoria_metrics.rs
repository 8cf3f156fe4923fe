//! A real database.

use std::{process::Command, time::Duration};

use serde::Deserialize;
use tempfile::TempDir;

use super::{Authority, eventually, free_port, packages, process::Process};

/// A VictoriaMetrics, which takes what InfluxDB takes (numbers only), with a port and a folder of
/// its own.
pub(crate) struct VictoriaMetrics {
    _process: Process,
    _folder: TempDir,
    http: reqwest::Client,
    url: String,
    pub(crate) port: u16,
}

/// The fields that are texts.
const TEXTS: [&str; 9] = [
    "_42_0_0",
    "_96_13_0",
    "_96_14_0",
    "_builddatetime",
    "_firstboottime",
    "_plannedstarttime",
    "_realstarttime",
    "_status_status",
    "_statustext",
];

/// A time series as it is exported.
#[derive(Deserialize)]
struct Series {
    metric: Metric,
    values: Vec<f64>,
    timestamps: Vec<i64>,
}

#[derive(Deserialize)]
struct Metric {
    #[serde(rename = "__name__")]
    name: String,
    meter: String,
}

impl VictoriaMetrics {
    pub(crate) async fn start() -> Self {
        Self::start_in(folder(), "http", &[], reqwest::Client::builder()).await
    }

    /// One that speaks TLS, with a certificate of this authority.
    pub(crate) async fn with_tls(authority: &Authority) -> Self {
        let folder = folder();
        let (certificate, key) = authority.equip(folder.path());
        let options = [
            "-tls".to_owned(),
            format!("-tlsCertFile={}", certificate.display()),
            format!("-tlsKeyFile={}", key.display()),
        ];
        let trusted = reqwest::Certificate::from_pem(authority.pem().as_bytes()).unwrap();
        let http = reqwest::Client::builder().add_root_certificate(trusted);
        Self::start_in(folder, "https", &options, http).await
    }

    async fn start_in(
        folder: TempDir,
        scheme: &str,
        options: &[String],
        http: reqwest::ClientBuilder,
    ) -> Self {
        let http = http.http1_only().timeout(Duration::from_secs(30)).build().unwrap();
        let program = packages::program("victoria-metrics");
        loop {
            let port = free_port();
            let address = format!("127.0.0.1:{port}");
            let mut process = Process::start(
                "VictoriaMetrics",
                Command::new(&program)
                    .arg(format!("-httpListenAddr={address}"))
                    .arg(format!("-storageDataPath={}", folder.path().join("data").display()))
                    // The samples are older than the month that it would keep.
                    .arg("-retentionPeriod=100y")
                    // The same time again is the same point, as it is to InfluxDB.
                    .arg("-dedup.minScrapeInterval=1ms")
                    .arg("-memory.allowedBytes=64MB")
                    .arg("-loggerLevel=WARN")
                    .args(options),
            );
            let url = format!("{scheme}://{address}");
            let runs = eventually("VictoriaMetrics listens", async || {
                let answer = http.get(format!("{url}/health")).send().await;
                answer.is_ok().then_some(true).or(process.has_ended().then_some(false))
            });
            if runs.await {
                return Self { _process: process, _folder: folder, http, url, port };
            }
            // Otherwise, another process was faster to take the port.
            process.end().await;
            let log = process.stderr();
            assert!(log.contains("address already in use"), "{log}");
        }
    }

    /// The section of the configuration that leads here; further keys may follow it.
    pub(crate) fn section(&self) -> String {
        format!("[influxdb]\nurl = \"{}\"\norg = \"home\"\nbucket = \"energy\"\n", self.url)
    }

    /// Every point that it holds, as lines of series, time (s) and value, sorted. Without texts:
    /// it knows numbers only, and what it makes of texts depends on its version.
    pub(crate) async fn points(&self) -> Vec<String> {
        self.get("/internal/force_flush").await;
        let exported = self.get("/api/v1/export?match[]={meter!=\"\"}&start=0").await;
        let mut lines = Vec::new();
        for series in exported.lines() {
            let Series { metric, values, timestamps } = serde_json::from_str(series).unwrap();
            for (time, value) in timestamps.iter().zip(values) {
                assert_eq!(time % 1_000, 0, "no whole second: {series}");
                let Metric { name, meter } = &metric;
                if TEXTS.iter().any(|text| name.ends_with(text)) {
                    continue;
                }
                // It keeps about twelve digits, more or fewer by its version.
                let value = (value * 1e9).round() / 1e9;
                lines.push(format!("{name}{{meter={meter}}} {} {value}", time / 1_000));
            }
        }
        lines.sort();
        lines
    }

    /// Waits for a point, and returns all.
    pub(crate) async fn points_with(&self, point: &str) -> Vec<String> {
        eventually(&format!("the point {point}"), async || {
            let points = self.points().await;
            points.iter().any(|it| it == point).then_some(points)
        })
        .await
    }

    /// Writes lines, as somebody else does.
    pub(crate) async fn write(&self, lines: &str) {
        let url = format!("{}/api/v2/write", self.url);
        let answer = self.http.post(url).body(lines.to_owned()).send().await.unwrap();
        answer.error_for_status().unwrap();
    }

    /// Deletes all that it holds.
    pub(crate) async fn delete(&self) {
        self.get("/api/v1/admin/tsdb/delete_series?match[]={meter!=\"\"}").await;
    }

    async fn get(&self, path: &str) -> String {
        let answer = self.http.get(format!("{}{path}", self.url)).send().await.unwrap();
        answer.error_for_status().unwrap().text().await.unwrap()
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}
