//! The module at the meter, as it sends.

use std::time::{Duration, Instant};

use rumqttc::{AsyncClient, ConnectionError, Event, Packet, QoS};
use tokio::time::sleep;

use super::{DEADLINE, Mosquitto, client::options};

/// A module. Whatever becomes of the broker meanwhile, what it has sent is there: if anything
/// fails, it sends all of it again.
#[derive(Clone, Copy)]
pub(crate) struct Module {
    port: u16,
}

impl Module {
    pub(crate) fn at(mosquitto: &Mosquitto) -> Self {
        Self { port: mosquitto.port }
    }

    /// Sends its queue, oldest first, and waits until the broker has acknowledged all of it.
    pub(crate) async fn send<P: Into<Vec<u8>>>(
        self,
        topic: &str,
        queue: impl IntoIterator<Item = P>,
    ) {
        let queue: Vec<Vec<u8>> = queue.into_iter().map(Into::into).collect();
        let since = Instant::now();
        while let Err(error) = self.try_to_send(topic, &queue).await {
            assert!(since.elapsed() < DEADLINE, "the broker does not take it: {error}");
            sleep(Duration::from_millis(20)).await;
        }
    }

    async fn try_to_send(self, topic: &str, queue: &[Vec<u8>]) -> Result<(), ConnectionError> {
        let (mqtt, mut event_loop) = AsyncClient::new(options(self.port), queue.len());
        event_loop.network_options.set_tcp_nodelay(true);
        for message in queue {
            // There is room for all of them.
            mqtt.try_publish(topic, QoS::AtLeastOnce, false, message.clone()).unwrap();
        }
        let mut acknowledged = 0;
        while acknowledged < queue.len() {
            if let Event::Incoming(Packet::PubAck(_)) = event_loop.poll().await? {
                acknowledged += 1;
            }
        }
        Ok(())
    }
}
