//! Publishes messages as fast as a broker takes them, or at a steady rate.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use bytes::BytesMut;
use clap::Args;
use rumqttc::{Connect, Disconnect, Publish, QoS};
use xt211_examples::Failure;

use crate::modules::{Messages, Modules};

/// How many messages may be unanswered.
const WINDOW: u32 = 1_000;

/// How many bytes an acknowledgement has; so many has the answer to a connect.
const ANSWER: usize = 4;

#[derive(Args, Clone, Debug)]
pub(crate) struct Arguments {
    /// Where the broker is: a host, a colon, a port.
    #[arg(long, default_value = "127.0.0.1:1883")]
    broker: String,
    #[command(flatten)]
    load: Load,
}

/// What is published, and how fast.
#[derive(Args, Clone, Debug)]
pub(crate) struct Load {
    #[command(flatten)]
    pub(crate) modules: Modules,
    /// How many messages a second; as many as possible unless given.
    #[arg(long)]
    rate: Option<u32>,
    /// How many messages come at once, as the firmware sends its whole queue.
    #[arg(long, default_value_t = 20)]
    burst: u32,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let started = Instant::now();
    let Arguments { broker, load } = arguments;
    let mut messages = Messages::new(&load.modules, false)?;
    let count = publish(broker, load, &mut messages, load.modules.messages)?;
    println!("{count} messages in {:.2} s", started.elapsed().as_secs_f64());
    Ok(())
}

/// Publishes so many messages, and returns how many they were when the broker has answered the last.
///
/// One thread, one connection, packets written by hand into one buffer: the machine's time is to be
/// left to those who are measured.
pub(crate) fn publish(
    broker: &str,
    load: &Load,
    messages: &mut Messages,
    most: u32,
) -> Result<u32, Failure> {
    let mut connection = Connection::open(broker)?;
    let started = Instant::now();
    let mut count = 0;
    let burst = load.burst.clamp(1, WINDOW);
    loop {
        while count < most {
            let Some((topic, payload)) = messages.next()? else { break };
            connection.push(topic, payload)?;
            count += 1;
            if count % burst == 0 {
                break;
            }
        }
        connection.send()?;
        let is_over = count == most;
        connection.answered(if is_over { 0 } else { WINDOW - burst })?;
        if is_over {
            break;
        }
        if let Some(rate) = load.rate {
            let due = Duration::from_secs_f64(f64::from(count) / f64::from(rate));
            std::thread::sleep(due.saturating_sub(started.elapsed()));
        }
    }
    connection.close()?;
    Ok(count)
}

struct Connection {
    stream: TcpStream,
    buffer: BytesMut,
    last_id: u16,
    unanswered: u32,
    /// Bytes of an answer that is not there as a whole.
    rest: usize,
}

impl Connection {
    fn open(broker: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(broker).map_err(|error| format!("{broker}: {error}"))?;
        stream.set_nodelay(true)?;
        let mut buffer = BytesMut::new();
        Connect::new(format!("load-{}", std::process::id())).write(&mut buffer)?;
        let mut connection = Self { stream, buffer, last_id: 0, unanswered: 1, rest: 0 };
        connection.send()?;
        connection.answered(0)?;
        Ok(connection)
    }

    fn push(&mut self, topic: &str, payload: &[u8]) -> Result<(), Failure> {
        let mut publish = Publish::new(topic, QoS::AtLeastOnce, payload);
        // 0 is none.
        self.last_id = self.last_id % u16::MAX + 1;
        publish.pkid = self.last_id;
        publish.write(&mut self.buffer)?;
        self.unanswered += 1;
        Ok(())
    }

    fn send(&mut self) -> Result<(), Failure> {
        self.stream.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// Waits until no more than so many are unanswered.
    fn answered(&mut self, at_most: u32) -> Result<(), Failure> {
        let mut answers = [0; 4_096];
        while self.unanswered > at_most {
            let count = self.stream.read(&mut answers)?;
            if count == 0 {
                return Err("the broker has closed the connection".into());
            }
            let bytes = self.rest + count;
            self.unanswered -= u32::try_from(bytes / ANSWER)?;
            self.rest = bytes % ANSWER;
        }
        Ok(())
    }

    fn close(mut self) -> Result<(), Failure> {
        Disconnect.write(&mut self.buffer)?;
        self.send()
    }
}
