//! Listens to what can be heard at a broker, and picks out what comes from a meter's module.

use futures_util::stream::{self, BoxStream, StreamExt as _};
use rumqttc::{Packet, Publish, QoS};
use time::UtcOffset;
use xt211_message::{Message, Reading, Value};
use xt211_obis::ObisCode;
use xt211_web::{Heard, Refusal};

use super::refusal::refusal;
use crate::{
    config::{Meter, Mqtt},
    mqtt::Guest,
};

/// Everything. A broker that does not let us hear everything may still let us hear some of it.
const EVERYTHING: &str = "#";

/// What people recognise their meter by, the first that it has.
const TELLING: [ObisCode; 3] =
    [ObisCode::reduced(1, 8, 0), ObisCode::reduced(1, 8, 1), ObisCode::reduced(16, 7, 0)];

/// Hears, until it is dropped or the connection is lost.
pub(super) fn listen(mqtt: &Mqtt, meters: &[Meter]) -> BoxStream<'static, Result<Heard, Refusal>> {
    let topics = meters.iter().flat_map(Meter::topics).chain([EVERYTHING]);
    match Guest::new(mqtt, "listening", topics, QoS::AtMostOnce) {
        Ok(guest) => stream::try_unfold(guest, next).boxed(),
        Err(error) => stream::iter([Err(refusal(&error))]).boxed(),
    }
}

/// What is heard next.
async fn next(mut guest: Guest) -> Result<Option<(Heard, Guest)>, Refusal> {
    loop {
        let packet = guest.next().await.map_err(|error| refusal(&error))?;
        if let Packet::Publish(publish) = packet
            && let Some(heard) = heard(&publish)
        {
            return Ok(Some((heard, guest)));
        }
    }
}

/// What a message tells of its sender, if that is a meter's module.
fn heard(publish: &Publish) -> Option<Heard> {
    let message = Message::decode(&publish.payload, &UtcOffset::UTC).ok()?;
    let Message { reading, status, battery, .. } = &message;
    let parts = [reading.is_some(), status.is_some(), battery.is_some()];
    if parts == [false; 3] {
        return None;
    }
    let of_status = status.as_ref().and_then(|status| status.serial.as_deref());
    let serial = reading.as_ref().and_then(Reading::serial).or(of_status);
    Some(Heard {
        topic: publish.topic.clone(),
        parts,
        serial: serial.map(String::from),
        value: reading.as_ref().and_then(telling),
    })
}

/// A value that people recognise their meter by.
fn telling(reading: &Reading<'_>) -> Option<String> {
    TELLING.into_iter().find_map(|code| {
        let Value::Number(number) = reading.registers.get(code)? else { return None };
        let meaning = code.meaning()?;
        Some(format!("{}: {number} {}", meaning.name(), meaning.unit()))
    })
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn heard(topic: &str, payload: &str) -> Option<Heard> {
        super::heard(&Publish::new(topic, QoS::AtMostOnce, payload))
    }

    #[test]
    fn what_comes_from_a_module_is_heard() {
        let reading = include_str!("../../../xt211-message/corpus/seed-data.json");
        assert_eq!(
            heard("elektromer/data", reading),
            Some(Heard {
                topic: "elektromer/data".into(),
                parts: [true, false, false],
                serial: Some("5100025085".into()),
                value: Some("Total Import Energy: 7369.066 kWh".into()),
            })
        );
        let status = include_str!("../../../xt211-message/corpus/fw-2026-08-status.json");
        assert_eq!(heard("x", status).map(|heard| heard.parts), Some([false, true, true]));
    }

    #[test]
    fn what_others_say_is_not() {
        for other in ["", "on", "21.5", "{}", r#"{"temperature":21.5}"#, "[1,2]"] {
            assert_eq!(heard("zigbee2mqtt/kitchen", other), None, "{other}");
        }
    }

    proptest! {
        /// Anybody may send anything to a broker.
        #[test]
        fn whatever_is_sent_is_of_a_module_or_of_nobody(
            topic in any::<String>(),
            payload in prop_oneof![
                vec(any::<u8>(), 0..200),
                r#"\{("(1\.8\.0|16\.7\.0|datetime|Status|battery)":("[ -~]{0,9}"|-?[0-9]{1,30}|null|\{\}),?){0,4}\}"#
                    .prop_map(String::into_bytes),
            ],
        ) {
            if let Some(heard) = super::heard(&Publish::new(&topic, QoS::AtMostOnce, payload)) {
                prop_assert_eq!(heard.topic, topic);
                prop_assert_ne!(heard.parts, [false; 3]);
                prop_assert!(heard.value.is_none() || heard.parts[0]);
            }
        }
    }
}
