//! One connection to the broker: opened, used, lost, and never used again.
//!
//! A new connection gets a new client with a new event loop. So nothing of the old one can be
//! mistaken for the new one's: an acknowledgement that comes too late finds its connection closed
//! and is dropped, and the broker delivers that message again. What we had published without an
//! answer is published anew, being states.
//!
//! Three parties, none of which waits for the one that waits for it:
//! - the event loop, polled by [`serve`], hands what arrives to the bridge, and waits for it;
//! - the bridge never waits: it leaves commands in a queue;
//! - a task takes commands from that queue, and waits for the event loop.
//!
//! The queues need no bounds of their own: they hold at most an acknowledgement for each message that
//! was handed over, and as many publishes as the [`WINDOW`] allows.
//!
//! The client writes each request to the network by itself. So of messages that are acknowledged
//! together, only the first goes that way; it makes the event loop look for the others, which go out
//! in one write.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::FutureExt;
use rumqttc::{
    AsyncClient, ClientError, Event as Happening, EventLoop, MqttOptions, NetworkOptions, Outgoing,
    Packet, PubAck, Publish, QoS, StateError, SubscribeFilter, SubscribeReasonCode,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch},
    time::{Instant, sleep, timeout, timeout_at},
};

use super::{
    Event, explain,
    gathering::{Gathering, MOMENT},
};
use crate::announcer::Announcement;

/// How many of our publishes may be without an answer. Well below the client's own limit of 100,
/// beyond which two of them could get the same packet id and stall.
const WINDOW: usize = 20;

/// How many commands the client takes before the event loop has sent them.
const CLIENT_QUEUE: usize = 32;

/// How long to wait for the broker's first answer, and for it to take what we write.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long it may say nothing until it has answered our subscription as well.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(20);

/// How long the broker may take to close a connection that we have ended.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The bridge's end of a connection. Commands to one that is lost go nowhere.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    line: Arc<Line>,
    window: Arc<Semaphore>,
}

/// A message from the broker, which delivers it again until it is acknowledged.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) topic: String,
    pub(crate) payload: Bytes,
    /// The message without its content.
    receipt: Publish,
    line: Arc<Line>,
}

/// What leads to the event loop.
#[derive(Debug)]
struct Line {
    commands: mpsc::UnboundedSender<Command>,
    /// What is acknowledged along with what a command acknowledges.
    acknowledgements: mpsc::UnboundedSender<PubAck>,
}

#[derive(Debug)]
enum Command {
    Subscribe(Vec<SubscribeFilter>),
    Unsubscribe(String),
    Publish(Announcement),
    Acknowledge(Publish),
}

impl Connection {
    /// Waits for room for one publish.
    pub(crate) async fn room(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.window).acquire_owned().await.ok()
    }

    /// Publishes with QoS 1.
    pub(crate) fn publish(&self, room: OwnedSemaphorePermit, announcement: Announcement) {
        // Given back when the broker answers.
        room.forget();
        // If the connection is lost, everything is said anew on the next one.
        let _ = self.line.commands.send(Command::Publish(announcement));
    }

    /// Asks for a topic no more.
    pub(crate) fn unsubscribe(&self, room: OwnedSemaphorePermit, filter: String) {
        // As above.
        room.forget();
        let _ = self.line.commands.send(Command::Unsubscribe(filter));
    }

    /// Whether everything that was said is answered.
    pub(crate) fn is_answered(&self) -> bool {
        self.window.available_permits() >= WINDOW
    }

    /// Waits until everything that was said is answered; `false` if the connection is lost.
    pub(crate) async fn answered(&self) -> bool {
        let all = u32::try_from(WINDOW).unwrap_or(u32::MAX);
        self.window.acquire_many(all).await.is_ok()
    }
}

impl Delivery {
    fn new(mut publish: Publish, line: Arc<Line>) -> Self {
        let topic = std::mem::take(&mut publish.topic);
        let payload = std::mem::take(&mut publish.payload);
        Self { topic, payload, receipt: publish, line }
    }

    /// Whether the broker had kept it, so that it is of before.
    pub(crate) fn is_retained(&self) -> bool {
        self.receipt.retain
    }

    /// Tells the broker that we have these.
    pub(crate) fn acknowledge(mut deliveries: Vec<Self>) {
        deliveries.retain(|delivery| delivery.receipt.qos == QoS::AtLeastOnce);
        let is_same = |one: &Self, next: &Self| Arc::ptr_eq(&one.line, &next.line);
        // If a connection is lost, so is the broker's interest in acknowledgements on it.
        for same in deliveries.chunk_by(is_same) {
            let [first, others @ ..] = same else { continue };
            for other in others {
                let _ = first.line.acknowledgements.send(PubAck::new(other.receipt.pkid));
            }
            let _ = first.line.commands.send(Command::Acknowledge(first.receipt.clone()));
        }
    }
}

/// How a connection ended that we did not close.
pub(super) struct End {
    pub(super) reason: String,
    /// Whether it had come so far that it was subscribed.
    pub(super) was_connected: bool,
}

/// Connects, subscribes, and hands over what happens until the connection ends. Returns how, or
/// `None` if it was to close, or the bridge is gone.
pub(super) async fn serve(
    options: &MqttOptions,
    filters: &[SubscribeFilter],
    events: &mpsc::Sender<Event>,
    closing: &watch::Receiver<bool>,
) -> Option<End> {
    let (client, mut event_loop) = AsyncClient::new(options.clone(), CLIENT_QUEUE);
    let mut network = NetworkOptions::new();
    network.set_connection_timeout(CONNECT_TIMEOUT.as_secs()).set_tcp_nodelay(true);
    event_loop.set_network_options(network);

    let (commands, queue) = mpsc::unbounded_channel();
    let (acknowledgements, mut others) = mpsc::unbounded_channel();
    let courier = tokio::spawn(carry(client, queue, closing.clone()));
    let line = Arc::new(Line { commands, acknowledgements });
    let connection = Connection { line, window: Arc::new(Semaphore::new(WINDOW)) };
    let end = poll(&mut event_loop, &connection, &mut others, filters, events).await;
    connection.window.close();
    courier.abort();
    end
}

async fn poll(
    event_loop: &mut EventLoop,
    connection: &Connection,
    others: &mut mpsc::UnboundedReceiver<PubAck>,
    filters: &[SubscribeFilter],
    events: &mpsc::Sender<Event>,
) -> Option<End> {
    let (mut was_connected, mut is_new_session) = (false, false);
    let mut gathering = Gathering::default();
    let mut deadline = Instant::now() + SUBSCRIBE_TIMEOUT;
    let end = |reason, was_connected| Some(End { reason, was_connected });
    loop {
        let happening = if was_connected {
            event_loop.poll().await
        } else if let Ok(happening) = timeout_at(deadline, event_loop.poll()).await {
            happening
        } else {
            return end("the broker does not answer our subscription".into(), was_connected);
        };
        let event = match happening {
            Ok(Happening::Incoming(Packet::ConnAck(answer))) => {
                is_new_session = !answer.session_present;
                let _ = connection.line.commands.send(Command::Subscribe(filters.to_vec()));
                continue;
            }
            Ok(Happening::Incoming(Packet::SubAck(answer))) => {
                was_connected = true;
                check_granted(filters, &answer.return_codes);
                Event::Connected { connection: connection.clone(), is_new_session }
            }
            Ok(Happening::Incoming(Packet::Publish(publish))) => {
                // Its answer may come behind all that it has kept for us.
                deadline = Instant::now() + SUBSCRIBE_TIMEOUT;
                let mut deliveries = all_delivered(publish, event_loop, &connection.line);
                if gathering.arrived(deliveries.len(), Instant::now()) {
                    sleep(MOMENT).await;
                    let before = deliveries.len();
                    let read = read_others(event_loop, &mut deliveries, &connection.line);
                    let others = deliveries.len() - before;
                    gathering.waited(deliveries.len(), others, Instant::now());
                    if let Err(error) = read {
                        let _ = events.send(Event::Delivered(deliveries)).await;
                        let reason = explain(&error.into(), &event_loop.mqtt_options);
                        return end(reason, was_connected);
                    }
                }
                Event::Delivered(deliveries)
            }
            Ok(Happening::Outgoing(Outgoing::PubAck(_))) => {
                // If that fails, the connection is lost, and the next poll says so.
                let _ = timeout(CONNECT_TIMEOUT, acknowledge(event_loop, others)).await;
                gathering.acknowledged(Instant::now());
                continue;
            }
            Ok(Happening::Incoming(Packet::PubAck(_))) => {
                connection.window.add_permits(1);
                continue;
            }
            Ok(Happening::Incoming(Packet::UnsubAck(_))) => {
                connection.window.add_permits(1);
                Event::Unsubscribed
            }
            Ok(Happening::Outgoing(Outgoing::Disconnect)) => {
                let _ = timeout(CLOSE_TIMEOUT, until_closed(event_loop)).await;
                return None;
            }
            Ok(_) => continue,
            Err(error) => {
                return end(explain(&error, &event_loop.mqtt_options), was_connected);
            }
        };
        if events.send(event).await.is_err() {
            return None;
        }
    }
}

/// A message, and those that have arrived with it.
fn all_delivered(first: Publish, event_loop: &mut EventLoop, line: &Arc<Line>) -> Vec<Delivery> {
    let mut deliveries = vec![Delivery::new(first, Arc::clone(line))];
    // The broker has not fallen silent; its answer to our ping may come behind all that it has for us.
    event_loop.state.await_pingresp = false;
    let arrived = &mut event_loop.state.events;
    while let Some(Happening::Incoming(Packet::Publish(_))) = arrived.front()
        && let Some(Happening::Incoming(Packet::Publish(next))) = arrived.pop_front()
    {
        deliveries.push(Delivery::new(next, Arc::clone(line)));
    }
    deliveries
}

/// Adds what has arrived since we last looked, as much as the client reads at once.
fn read_others(
    event_loop: &mut EventLoop,
    deliveries: &mut Vec<Delivery>,
    line: &Arc<Line>,
) -> Result<(), StateError> {
    let EventLoop { network: Some(network), state, .. } = event_loop else { return Ok(()) };
    // The client, too, stops reading when it has something else to do.
    let read = network.readb(state).now_or_never().unwrap_or(Ok(()));
    if matches!(state.events.front(), Some(Happening::Incoming(Packet::Publish(_))))
        && let Some(Happening::Incoming(Packet::Publish(first))) = state.events.pop_front()
    {
        deliveries.extend(all_delivered(first, event_loop, line));
    }
    read
}

/// Sends all acknowledgements that there are, in one write.
async fn acknowledge(
    event_loop: &mut EventLoop,
    others: &mut mpsc::UnboundedReceiver<PubAck>,
) -> Result<(), StateError> {
    let Some(network) = &mut event_loop.network else { return Ok(()) };
    while let Ok(acknowledgement) = others.try_recv() {
        network.write(Packet::PubAck(acknowledgement)).await?;
    }
    network.flush().await
}

/// Waits until the broker has closed the connection, as it has to. If we did so first while it still
/// sends, our system would reset the connection, and the broker might take us for lost, with our
/// last will, before it has read our goodbye. What comes meanwhile will come again.
async fn until_closed(event_loop: &mut EventLoop) {
    while event_loop.poll().await.is_ok() {}
}

/// The broker may refuse a subscription, or grant less than was asked for. Neither is a reason to
/// do without the others.
fn check_granted(filters: &[SubscribeFilter], granted: &[SubscribeReasonCode]) {
    if granted.len() < filters.len() {
        tracing::error!("the broker has answered only some of our subscriptions");
    }
    for (filter, granted) in filters.iter().zip(granted) {
        let topic = &filter.path;
        match granted {
            SubscribeReasonCode::Failure => {
                tracing::error!(
                    topic,
                    "the broker refuses this subscription: check its access rules"
                );
            }
            SubscribeReasonCode::Success(QoS::AtMostOnce) => {
                if filter.qos != QoS::AtMostOnce {
                    tracing::warn!(
                        topic,
                        "the broker grants QoS 0 only: messages may be lost on the way"
                    );
                }
            }
            SubscribeReasonCode::Success(_) => tracing::debug!(topic, "subscribed"),
        }
    }
}

/// Carries out commands, one after the other, until the connection is gone. Says goodbye when it is
/// to close and nothing else is to be said.
async fn carry(
    client: AsyncClient,
    mut commands: mpsc::UnboundedReceiver<Command>,
    mut closing: watch::Receiver<bool>,
) {
    loop {
        let command = tokio::select! {
            biased;
            command = commands.recv() => command,
            // An error says that the session is gone, and with it whoever polls the event loop.
            _ = closing.wait_for(|is_closing| *is_closing) => None,
        };
        let Some(command) = command else { break };
        let done: Result<(), ClientError> = match command {
            Command::Subscribe(filters) => client.subscribe_many(filters).await,
            Command::Unsubscribe(filter) => client.unsubscribe(filter).await,
            Command::Publish(Announcement { topic, payload, retain }) => {
                client.publish(topic, QoS::AtLeastOnce, retain, payload).await
            }
            Command::Acknowledge(publish) => client.ack(&publish).await,
        };
        if done.is_err() {
            // The event loop is gone, or a topic of ours has a wildcard, which the configuration
            // and the ids of meters rule out.
            tracing::debug!("a command found no connection");
        }
    }
    let _ = client.disconnect().await;
    // The event loop takes it for an end if there is nobody who could say anything more.
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    fn publish(topic: &str) -> Publish {
        Publish::new(topic, QoS::AtLeastOnce, "")
    }

    #[test]
    fn what_has_arrived_together_is_delivered_together_and_a_sign_of_life() {
        let mut event_loop = EventLoop::new(MqttOptions::new("id", "localhost", 1883), 1);
        event_loop.state.await_pingresp = true;
        event_loop.state.events.extend([
            Happening::Incoming(Packet::Publish(publish("second"))),
            Happening::Outgoing(Outgoing::PingReq),
            Happening::Incoming(Packet::Publish(publish("third"))),
        ]);
        let (commands, _queue) = mpsc::unbounded_channel();
        let (acknowledgements, _others) = mpsc::unbounded_channel();
        let line = Arc::new(Line { commands, acknowledgements });
        let deliveries = all_delivered(publish("first"), &mut event_loop, &line);
        let topics: Vec<_> = deliveries.iter().map(|delivery| delivery.topic.as_str()).collect();
        assert_eq!(topics, ["first", "second"]);
        assert_eq!(event_loop.state.events.len(), 2);
        assert!(!event_loop.state.await_pingresp);
    }

    #[test]
    fn of_those_acknowledged_together_one_is_a_command() {
        let (commands, mut queue) = mpsc::unbounded_channel();
        let (acknowledgements, mut others) = mpsc::unbounded_channel();
        let line = Arc::new(Line { commands, acknowledgements });
        let delivery = |id, qos| {
            let publish = Publish { pkid: id, qos, ..publish("topic") };
            Delivery::new(publish, Arc::clone(&line))
        };
        let at_most_once = delivery(0, QoS::AtMostOnce);
        let [first, second, third] = [1, 2, 3].map(|id| delivery(id, QoS::AtLeastOnce));
        Delivery::acknowledge(vec![at_most_once, first, second, third]);
        assert!(matches!(queue.try_recv(), Ok(Command::Acknowledge(publish)) if publish.pkid == 1));
        assert!(queue.try_recv().is_err());
        assert_eq!(others.try_recv().map(|it| it.pkid), Ok(2));
        assert_eq!(others.try_recv().map(|it| it.pkid), Ok(3));
        assert!(others.try_recv().is_err());
    }

    /// A broker that sends a message, and others when it is told to.
    async fn send(listener: TcpListener, mut go_on: mpsc::Receiver<u16>) {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert_ne!(stream.read(&mut [0; 1_024]).await.unwrap(), 0);
        stream.write_all(&[0x20, 2, 0, 0]).await.unwrap();
        while let Some(id) = go_on.recv().await {
            let mut packet = BytesMut::new();
            Publish { pkid: id, ..publish("topic") }.write(&mut packet).unwrap();
            stream.write_all(&packet).await.unwrap();
        }
    }

    #[tokio::test]
    async fn what_has_come_while_one_waited_is_added_to_it() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (next, go_on) = mpsc::channel(9);
        tokio::spawn(send(listener, go_on));
        let mut options = MqttOptions::new("id", "127.0.0.1", port);
        options.set_manual_acks(true);
        let mut event_loop = EventLoop::new(options, 1);
        let (commands, _queue) = mpsc::unbounded_channel();
        let (acknowledgements, _others) = mpsc::unbounded_channel();
        let line = Arc::new(Line { commands, acknowledgements });

        next.send(1).await.unwrap();
        let mut deliveries = loop {
            if let Happening::Incoming(Packet::Publish(first)) = event_loop.poll().await.unwrap() {
                break all_delivered(first, &mut event_loop, &line);
            }
        };
        read_others(&mut event_loop, &mut deliveries, &line).unwrap();
        assert_eq!(deliveries.len(), 1);
        next.send(2).await.unwrap();
        next.send(3).await.unwrap();
        while deliveries.len() < 3 {
            sleep(Duration::from_millis(1)).await;
            read_others(&mut event_loop, &mut deliveries, &line).unwrap();
        }
        let ids: Vec<_> = deliveries.iter().map(|delivery| delivery.receipt.pkid).collect();
        assert_eq!(ids, [1, 2, 3]);
        // The broker has gone: that is said, and nothing else is lost.
        drop(next);
        while read_others(&mut event_loop, &mut deliveries, &line).is_ok() {
            sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(deliveries.len(), 3);
    }
}
