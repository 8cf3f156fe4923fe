//! A subscriber that takes messages and does nothing but acknowledge them: what the client library
//! and the broker cost alone.

use std::{io::Read, time::Duration};

use clap::Args;
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use xt211_examples::Failure;

#[derive(Args, Clone, Debug)]
pub(crate) struct Arguments {
    /// Where the broker is: a host, a colon, a port.
    #[arg(long, default_value = "127.0.0.1:1883")]
    pub(crate) broker: String,
    /// What it subscribes to.
    #[arg(long, default_value = "load/+/data")]
    pub(crate) topic: String,
    /// After how many messages it says so, and waits for the end of its input.
    #[arg(long, default_value_t = 300_000)]
    pub(crate) messages: u32,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(acknowledge(arguments))?;
    // Whoever measures looks at this process before it ends.
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

async fn acknowledge(arguments: &Arguments) -> Result<(), Failure> {
    let (host, port) = arguments.broker.rsplit_once(':').ok_or("expected a host and a port")?;
    let mut options = MqttOptions::new("load-subscriber", host, port.parse()?);
    options.set_clean_session(false).set_keep_alive(Duration::from_secs(60));
    let (client, mut events) = AsyncClient::new(options, 10);
    client.subscribe(&arguments.topic, QoS::AtLeastOnce).await?;
    let mut count = 0;
    while count < arguments.messages {
        match events.poll().await? {
            Event::Incoming(Packet::SubAck(_)) => println!("subscribed"),
            Event::Incoming(Packet::Publish(_)) => count += 1,
            _ => {}
        }
    }
    println!("done");
    Ok(())
}
