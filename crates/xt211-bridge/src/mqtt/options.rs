//! How we introduce ourselves to the broker.

use std::time::Duration;

use anyhow::Result;
use rumqttc::{MqttOptions, QoS, TlsConfiguration, Transport};

use crate::{config, tls};

/// The largest packet that MQTT knows. A smaller limit would not protect anything: the broker would
/// deliver the message that goes beyond it again after every reconnect, for ever.
const MAX_PACKET: usize = 268_435_455;

/// How often the broker hears from us when there is nothing to say.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// What the broker says for us when we are gone, and to whom.
pub(crate) struct LastWill {
    pub(crate) topic: String,
    pub(crate) payload: &'static str,
}

/// The options of every connection: a session that outlives it, and acknowledgement by hand.
pub(crate) fn options(mqtt: &config::Mqtt, last_will: Option<LastWill>) -> Result<MqttOptions> {
    // The client panics on an empty id and on a keep-alive of less than a second; the configuration
    // refuses the first, and the second is a constant.
    let mut options = MqttOptions::new(&mqtt.client_id, &mqtt.host, mqtt.port);
    options
        .set_keep_alive(KEEP_ALIVE)
        .set_clean_session(false)
        .set_manual_acks(true)
        .set_max_packet_size(MAX_PACKET, MAX_PACKET);
    if let Some((username, password)) = &mqtt.login {
        let password = password.as_ref().map_or("", |password| password.expose());
        options.set_credentials(username, password);
    }
    if let Some(tls) = &mqtt.tls {
        let connector = tls::connector(tls)?;
        options.set_transport(Transport::tls_with_config(TlsConfiguration::NativeConnector(
            connector,
        )));
    }
    if let Some(LastWill { topic, payload }) = last_will {
        options.set_last_will(rumqttc::LastWill::new(topic, payload, QoS::AtLeastOnce, true));
    }
    Ok(options)
}
