//! From what is wrong, in one line, to the setting that it is about.

use xt211_web::{Place, Refusal};

/// Whoever says what is wrong names the key that is to be put right; the first that is named is
/// it.
pub(super) fn refusal(message: &str) -> Refusal {
    let words = message.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_')));
    let mut places = words.filter_map(|word| word.trim_end_matches('.').parse::<Place>().ok());
    Refusal { place: places.next(), message: message.to_owned() }
}

/// Something that is wrong with no setting in particular.
pub(super) fn general(message: String) -> Refusal {
    Refusal { place: None, message }
}

#[cfg(test)]
mod tests {
    use super::refusal;

    #[test]
    fn the_setting_that_is_named_is_the_one() {
        let cases = [
            ("InfluxDB does not accept influxdb.token (401): x", Some("influxdb.token")),
            (
                "the broker does not let us in: set mqtt.username and mqtt.password",
                Some("mqtt.username"),
            ),
            (
                "nothing listens at localhost:1: check mqtt.url, and that the broker runs",
                Some("mqtt.url"),
            ),
            ("failed: self-signed certificate (see influxdb.ca_file)", Some("influxdb.ca_file")),
            ("it ends with mqtt.url.", Some("mqtt.url")),
            ("www.example.org does not answer", None),
        ];
        for (message, place) in cases {
            let refusal = refusal(message);
            assert_eq!(refusal.place.map(|place| place.to_string()).as_deref(), place, "{message}");
            assert_eq!(refusal.message, message);
        }
    }
}
