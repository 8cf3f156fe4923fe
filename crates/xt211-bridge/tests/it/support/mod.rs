//! What the tests run on: the program itself, a real broker, a real database and one that does as
//! it is told, each with a port and a folder of its own, each ended with the test that started it.

#[allow(dead_code, reason = "for those tests that need it")]
mod alone;
mod bridge;
#[allow(dead_code, reason = "for those tests that look at pages")]
pub(crate) mod browser;
mod certificates;
mod client;
mod corpus;
pub(crate) mod faults;
mod gate;
mod home_assistant;
mod module;
mod mosquitto;
pub(crate) mod packages;
mod points;
mod port;
pub(crate) mod process;
mod scripted;
mod seeds;
pub(crate) mod topic;
mod victoria_metrics;
mod walk;
mod web;

use std::time::{Duration, Instant};

#[allow(unused_imports, reason = "for those tests that need it")]
pub(crate) use self::alone::{alone, prepared};
pub(crate) use self::{
    bridge::{Bridge, Finished, run, run_in, run_on, run_unread, run_unread_in, run_with},
    certificates::Authority,
    client::Client,
    corpus::{
        CORPUS, MANY_METERS, SERIAL, line, lines, message, minute, nanoseconds, reading,
        reading_of, sample, samples, topic_of,
    },
    faults::Faults,
    gate::Gate,
    home_assistant::{ADMINISTRATOR, FakeHomeAssistant, USER, home_assistant_section_at},
    module::Module,
    mosquitto::Mosquitto,
    points::{exported, points},
    port::free_port,
    scripted::{Answer, ScriptedInfluxDb, influxdb_section_at},
    seeds::seeds,
    victoria_metrics::VictoriaMetrics,
    walk::{Sent, Walk},
    web::Visitor,
};

/// How long anything may take. Only a test that fails ever waits for so long.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);

/// Waits until there is something to return; `what` is for the message if there never is.
pub(crate) async fn eventually<T>(what: &str, probe: impl AsyncFnMut() -> Option<T>) -> T {
    eventually_within(DEADLINE, what, probe).await
}

/// The same, for what may take longer or may not.
pub(crate) async fn eventually_within<T>(
    limit: Duration,
    what: &str,
    mut probe: impl AsyncFnMut() -> Option<T>,
) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(since.elapsed() < limit, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until something holds.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    eventually(what, async || holds().then_some(())).await;
}
