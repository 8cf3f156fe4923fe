//! A simulated module at its meter, which behaves as the real firmware does: it wakes now and then,
//! queues a reading each time, connects only on every few wakes, and then sends its whole queue
//! again, oldest first, with its status and battery behind it.

use std::{collections::VecDeque, time::Duration};

use rumqttc::{AsyncClient, Event, MqttOptions, Outgoing, QoS};
use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::oneshot;

use super::{
    biography::Biography,
    message::{self, DATA, STATUS},
    meter::{Meter, Registers},
};

/// The real module sleeps for 3 to 15 minutes.
const SLEEP: Duration = Duration::from_secs(3);

/// It connects on every so many wakes.
const WAKES_A_CONNECTION: i64 = 3;

/// How many readings it keeps. The real module keeps 100.
const QUEUE: usize = 20;

/// The pause between two messages, as the real module makes it.
const PAUSE: Duration = Duration::from_millis(100);

/// The module, and the meter that it reads.
pub(super) struct Module {
    biography: Biography,
    meter: Meter,
    queue: VecDeque<Registers>,
}

impl Module {
    /// One that has read this before, oldest first.
    pub(super) fn new(biography: Biography, meter: Meter, readings: &[Registers]) -> Self {
        let newest = readings.iter().rev().take(QUEUE - 1).rev();
        Self { biography, meter, queue: newest.copied().collect() }
    }

    /// Wakes, reads and sends for ever.
    pub(super) async fn run(mut self, options: MqttOptions, start: oneshot::Receiver<()>) {
        // If nobody says when, it is now.
        let _ = start.await;
        for wakeups in 1.. {
            let now = OffsetDateTime::now_utc();
            self.queue.push_back(self.meter.read(now));
            while self.queue.len() > QUEUE {
                self.queue.pop_front();
            }
            if wakeups % WAKES_A_CONNECTION == 1 {
                let state = self.biography.state(now, wakeups);
                let readings = self.queue.iter().map(|it| (DATA, message::reading(it, now)));
                let states = [message::status(&state), message::battery(&state)];
                let states = states.into_iter().map(|state| (STATUS, state));
                send(&options, readings.chain(states).collect()).await;
            }
            tokio::time::sleep(SLEEP).await;
        }
    }
}

/// Connects, sends everything, and disconnects.
async fn send(options: &MqttOptions, messages: Vec<(&str, Value)>) {
    let (client, mut event_loop) = AsyncClient::new(options.clone(), 10);
    let talk = async {
        for (topic, message) in messages {
            let _ = client.publish(topic, QoS::AtLeastOnce, false, message.to_string()).await;
            tokio::time::sleep(PAUSE).await;
        }
        let _ = client.disconnect().await;
    };
    let listen = async {
        loop {
            match event_loop.poll().await {
                Ok(Event::Outgoing(Outgoing::Disconnect)) => break,
                Ok(_) => {}
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    };
    tokio::join!(talk, listen);
}
