//! From what is written to what can be used: every rule that a setting has to meet.

use std::net::SocketAddr;

use url::Url;
use xt211_homeassistant::{Language, MeterId, Topics};
use xt211_line_protocol::Measurement;

use super::{
    Config, ConfigError, HomeAssistant, InfluxDb, Meter, Mqtt, Problem, Secret, Statistics, Store,
    TimeZone, Tls, Web,
    raw::{RawHomeAssistant, RawInfluxDb, RawMeter, RawMqtt, RawStore, RawWeb},
    settings,
    source::Source,
};

/// The longest name or prefix, so that what is made from it stays well within what MQTT can hold.
const MAX_NAME: usize = 256;

/// Checks everything, so that all that is wrong is said at once.
pub(super) fn check(source: Source) -> Result<Config, ConfigError> {
    let mut checker = Checker { problems: Vec::new(), meter: None };
    let raw = &source.raw;
    let mqtt = checker.mqtt(&raw.mqtt);
    let default_meter = [RawMeter::default()];
    let raw_meters = if raw.meter.is_empty() { &default_meter } else { raw.meter.as_slice() };
    let mut meters = Vec::new();
    for (index, meter) in raw_meters.iter().enumerate() {
        checker.meter = (raw_meters.len() > 1).then_some(index);
        meters.extend(checker.meter(meter));
    }
    checker.meter = None;
    checker.meters_together(&meters, &raw.homeassistant);
    let topics = checker.topics(&raw.homeassistant).map(|topics| match &raw.mqtt.share_name {
        Some(_) => topics.in_group(&raw.mqtt.client_id),
        None => topics,
    });
    let homeassistant = checker.homeassistant(&raw.homeassistant);
    if raw.mqtt.share_name.is_some() && raw.homeassistant.url.is_some() {
        checker.note(
            "homeassistant.url",
            "cannot stand beside mqtt.share_name: hours can be counted only by a bridge that gets \
             all readings of a meter",
        );
    }
    let influxdb = checker.influxdb(&raw.influxdb);
    let store = checker.store(&raw.store);
    let web = checker.web(&raw.web);

    match (mqtt, topics, homeassistant, influxdb, store, web) {
        (Some(mqtt), Some(topics), Some(homeassistant), Some(influxdb), Some(store), Some(web))
            if checker.problems.is_empty() && source.unusable.is_empty() =>
        {
            let file = source.file().map(Into::into);
            let is_new = !settings::has_choice(&source);
            Ok(Config { file, is_new, mqtt, meters, topics, homeassistant, influxdb, store, web })
        }
        (mqtt, _, homeassistant, influxdb, store, _) => {
            let is_new =
                |broken: &BrokenRule| !source.unusable.iter().any(|(key, _)| key == broken.key);
            let problem = |BrokenRule { key, meter, message }| {
                let number = meter.unwrap_or_default();
                let problem = Problem::new(source.place(key, number), message).about(key, number);
                if meter.is_some() { problem.of_several() } else { problem }
            };
            let rules: Vec<_> = checker.problems.into_iter().filter(is_new).map(problem).collect();
            let unusable = source.unusable.into_iter().map(|(_, problem)| problem);
            let problems = unusable.chain(rules).collect();
            let statistics = homeassistant.flatten().and_then(|it| it.statistics);
            Err(ConfigError::new(problems, mqtt, influxdb.flatten(), statistics, store))
        }
    }
}

/// A setting that does not meet a rule.
struct BrokenRule {
    key: &'static str,
    /// Which meter's, counted from 0, if there are several.
    meter: Option<usize>,
    message: String,
}

/// Collects what is wrong. A part that cannot be used is `None`.
struct Checker {
    problems: Vec<BrokenRule>,
    /// The meter that is being checked, as in [`BrokenRule`].
    meter: Option<usize>,
}

impl Checker {
    fn note(&mut self, key: &'static str, message: impl Into<String>) {
        self.problems.push(BrokenRule { key, meter: self.meter, message: message.into() });
    }

    fn wrong<T>(&mut self, key: &'static str, message: impl Into<String>) -> Option<T> {
        self.note(key, message);
        None
    }

    fn mqtt(&mut self, raw: &RawMqtt) -> Option<Mqtt> {
        let example = "mqtt://HOST:1883, or mqtts://HOST:8883 for TLS";
        let url = self.url("mqtt.url", &raw.url, &["mqtt", "mqtts"], example);
        let tls = url.as_ref().is_some_and(|url| url.scheme() == "mqtts");
        if !tls && raw.ca_file.is_some() && url.is_some() {
            self.note("mqtt.ca_file", "is for TLS: write mqtts:// in mqtt.url, or remove it");
        }
        let is_name = (1..=MAX_NAME).contains(&raw.client_id.len());
        if !is_name || raw.client_id.chars().any(char::is_control) {
            self.note("mqtt.client_id", "must be a name, such as xt211-bridge");
        }
        if let Some(name) = &raw.share_name {
            self.share(name, raw);
        }
        if raw.username.is_none() && raw.password.is_some() {
            self.note("mqtt.password", "needs mqtt.username");
        }

        let url = url?;
        Some(Mqtt {
            host: host(&url),
            port: url.port().unwrap_or(if tls { 8883 } else { 1883 }),
            tls: tls.then(|| Tls { ca_file: raw.ca_file.clone() }),
            login: raw.username.clone().map(|username| (username, raw.password.clone())),
            client_id: raw.client_id.clone(),
            share_name: raw.share_name.clone(),
        })
    }

    /// What MQTT 5 says of a share name, and what several bridges need.
    fn share(&mut self, name: &str, raw: &RawMqtt) {
        let is_name = (1..=MAX_NAME).contains(&name.len()) && is_plain(name);
        if !is_name || name.contains(['/', '+']) {
            self.note(
                "mqtt.share_name",
                "must be a name without / + and #, such as xt211; or remove it, if this is the \
                 only bridge",
            );
        }
        if raw.client_id == RawMqtt::default().client_id {
            self.note(
                "mqtt.client_id",
                "must be another one for each bridge with the same mqtt.share_name, such as \
                 xt211-bridge-1",
            );
        }
    }

    fn influxdb(&mut self, raw: &RawInfluxDb) -> Option<Option<InfluxDb>> {
        let Some(url) = &raw.url else {
            if raw.org.is_some() || raw.bucket.is_some() || raw.token.is_some() {
                return self.wrong("influxdb.url", "is missing: write http://HOST:8086");
            }
            return Some(None);
        };
        let url = self.url("influxdb.url", url, &["http", "https"], "http://HOST:8086");
        let org = self.required("influxdb.org", raw.org.as_deref());
        let bucket = self.required("influxdb.bucket", raw.bucket.as_deref());
        if let Some(token) = &raw.token {
            self.token("influxdb.token", token);
        }
        let measurement = match raw.measurement.parse::<Measurement>() {
            Ok(measurement) => Some(measurement),
            Err(error) => self.wrong("influxdb.measurement", error.to_string()),
        };
        let url = url?;
        if raw.ca_file.is_some() && url.scheme() == "http" {
            let message = "is for TLS: write https:// in influxdb.url, or remove it";
            return self.wrong("influxdb.ca_file", message);
        }
        Some(Some(InfluxDb {
            url: url.origin().ascii_serialization(),
            tls: Tls { ca_file: raw.ca_file.clone() },
            org: org?,
            bucket: bucket?,
            token: raw.token.clone(),
            measurement: measurement?,
            status: raw.status,
        }))
    }

    /// A server's address: one of the schemes, a host, perhaps a port, and nothing else.
    fn url(
        &mut self,
        key: &'static str,
        text: &str,
        schemes: &[&str],
        example: &str,
    ) -> Option<Url> {
        let url = self.url_with_path(key, text, schemes, example)?;
        if !matches!(url.path(), "" | "/") {
            return self.wrong(key, format!("must end after the port: write {example}"));
        }
        Some(url)
    }

    /// The same, perhaps with a path.
    fn url_with_path(
        &mut self,
        key: &'static str,
        text: &str,
        schemes: &[&str],
        example: &str,
    ) -> Option<Url> {
        // What is wrong with it is not quoted: it might hold a password.
        let Ok(url) = Url::parse(text) else {
            return self.wrong(key, format!("is not a URL: write {example}"));
        };
        if !schemes.contains(&url.scheme()) {
            return self.wrong(
                key,
                format!("must begin with {}://: write {example}", schemes.join(":// or ")),
            );
        }
        if !url.username().is_empty() || url.password().is_some() {
            return self
                .wrong(key, "must not hold a user or password: they have keys of their own");
        }
        if url.host_str().is_none_or(str::is_empty) {
            return self.wrong(key, format!("names no host: write {example}"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return self.wrong(key, format!("must end before ? and #: write {example}"));
        }
        if url.port() == Some(0) {
            return self.wrong(key, format!("has no usable port: write {example}"));
        }
        Some(url)
    }

    fn token(&mut self, key: &'static str, token: &Secret) {
        if token.expose().chars().any(|c| !c.is_ascii_graphic()) {
            self.note(key, "must be the token alone, without spaces or line breaks");
        }
    }

    fn required(&mut self, key: &'static str, value: Option<&str>) -> Option<String> {
        match value {
            Some(value) if !value.trim().is_empty() => Some(value.to_owned()),
            _ => self.wrong(key, "is missing: readings cannot be forwarded without it"),
        }
    }

    fn topics(&mut self, raw: &RawHomeAssistant) -> Option<Topics> {
        let message = "must be a topic without wildcards or a slash at either end";
        let discovery = is_topic(&raw.discovery_prefix);
        if !discovery {
            self.note("homeassistant.discovery_prefix", message);
        }
        let states = is_topic(&raw.topic_prefix);
        if !states {
            self.note("homeassistant.topic_prefix", message);
        }
        (discovery && states).then(|| Topics::new(&raw.discovery_prefix, &raw.topic_prefix))
    }

    fn homeassistant(&mut self, raw: &RawHomeAssistant) -> Option<Option<HomeAssistant>> {
        let language = match raw.language.parse::<Language>() {
            Ok(language) => Some(language),
            Err(error) => self.wrong("homeassistant.language", error.to_string()),
        };
        let statistics = self.statistics(raw);
        let (language, statistics) = (language?, statistics?);
        Some(raw.enabled.then_some(HomeAssistant { language, statistics }))
    }

    fn statistics(&mut self, raw: &RawHomeAssistant) -> Option<Option<Statistics>> {
        let Some(url) = &raw.url else {
            if raw.token.is_some() {
                return self.wrong("homeassistant.url", "is missing: write http://HOST:8123");
            }
            return Some(None);
        };
        let url =
            self.url_with_path("homeassistant.url", url, &["http", "https"], "http://HOST:8123");
        if let Some(token) = &raw.token {
            self.token("homeassistant.token", token);
        }
        let Some(token) = raw.token.clone() else {
            let message = "is missing: make a long-lived access token in your profile there";
            return self.wrong("homeassistant.token", message);
        };
        let url = url?;
        if raw.ca_file.is_some() && url.scheme() == "http" {
            let message = "is for TLS: write https:// in homeassistant.url, or remove it";
            return self.wrong("homeassistant.ca_file", message);
        }
        Some(Some(Statistics {
            url: url.as_str().trim_end_matches('/').to_owned(),
            tls: Tls { ca_file: raw.ca_file.clone() },
            token,
        }))
    }

    fn meter(&mut self, raw: &RawMeter) -> Option<Meter> {
        let id = match raw.id.parse::<MeterId>() {
            Ok(id) => Some(id),
            Err(error) => self.wrong("meter.id", error.to_string()),
        };
        self.topic("meter.data_topic", &raw.data_topic);
        self.topic("meter.status_topic", &raw.status_topic);
        if let Some(topic) = &raw.battery_topic {
            self.topic("meter.battery_topic", topic);
        }
        if raw.serial.as_deref().is_some_and(|serial| serial.trim().is_empty()) {
            self.note("meter.serial", "is empty: remove it to take the messages' own");
        }
        if !(raw.max_power_kw.is_finite() && raw.max_power_kw > 0.0) {
            self.note("meter.max_power_kw", "must be a number of kilowatts above 0");
        }
        let Some(timezone) = TimeZone::named(&raw.timezone) else {
            return self.wrong(
                "meter.timezone",
                format!(
                    "there is no time zone {:?}: write UTC or one like Europe/Prague",
                    raw.timezone
                ),
            );
        };

        let meter = Meter {
            id: id?,
            name: raw.name.clone(),
            data_topic: raw.data_topic.clone(),
            status_topic: raw.status_topic.clone(),
            battery_topic: raw.battery_topic.clone(),
            serial: raw.serial.clone(),
            timezone,
            max_power_kw: raw.max_power_kw,
        };
        if meter.topics().any(|topic| topic.contains('+') != meter.is_wild()) {
            return self.wrong(
                "meter.data_topic",
                "has to have a + like the meter's other topics, or none of them may have one",
            );
        }
        if meter.is_wild() && meter.serial.is_some() {
            return self.wrong("meter.serial", "cannot stand beside a + that makes many meters");
        }
        Some(meter)
    }

    fn topic(&mut self, key: &'static str, topic: &str) {
        let plus = topic.split('/').filter(|level| level.contains('+')).collect::<Vec<_>>();
        let plain = !topic.is_empty() && is_plain(topic) && topic.len() <= 65_535;
        if !plain || topic.starts_with('$') || !matches!(plus.as_slice(), [] | ["+"]) {
            self.note(key, format!("{topic:?} must be a topic, with at most one level that is +"));
        }
    }

    /// No id twice, no topic for two meters, and none among those that we send to.
    fn meters_together(&mut self, meters: &[Meter], homeassistant: &RawHomeAssistant) {
        for (index, meter) in meters.iter().enumerate() {
            let others = meters.get(index + 1..).unwrap_or_default();
            let is_twin = |other: &Meter| other.id == meter.id && !other.is_wild();
            if !meter.is_wild() && others.iter().any(is_twin) {
                self.note("meter.id", format!("{:?} is the id of two meters", meter.id.as_str()));
            }
            for topic in meter.topics() {
                if others.iter().flat_map(Meter::topics).any(|other| other == topic) {
                    self.note("meter.data_topic", format!("{topic:?} belongs to two meters"));
                }
                let prefixes = [&homeassistant.topic_prefix, &homeassistant.discovery_prefix];
                let mut below = prefixes.iter().filter_map(|prefix| topic.strip_prefix(*prefix));
                if below.any(|rest| rest.starts_with('/')) {
                    self.note(
                        "meter.data_topic",
                        format!("{topic:?} lies where the bridge's own messages go; change it, or a prefix of homeassistant"),
                    );
                }
            }
        }
    }

    fn store(&mut self, raw: &RawStore) -> Option<Store> {
        if raw.path.as_os_str().is_empty() {
            return self.wrong("store.path", "is empty: write the name of a file");
        }
        match raw.keep_days {
            0 => self.wrong("store.keep_days", "must be at least 1"),
            36_501.. => self.wrong("store.keep_days", "must be at most 36500, a hundred years"),
            keep_days => Some(Store { path: raw.path.clone(), keep_days }),
        }
    }

    fn web(&mut self, raw: &RawWeb) -> Option<Web> {
        let Ok(listen) = raw.listen.parse::<SocketAddr>() else {
            let message =
                format!("{:?} must be an address and a port, such as 127.0.0.1:8099", raw.listen);
            return self.wrong("web.listen", message);
        };
        // One that is empty is none.
        let password = raw.password.clone().filter(|password| !password.expose().is_empty());
        if !listen.ip().is_loopback() && password.is_none() && !raw.ingress {
            let message = "lets other machines see the page, and change everything: set \
                           web.password as well, or write 127.0.0.1:8099";
            self.note("web.listen", message);
        }
        Some(Web { listen, password, ingress: raw.ingress })
    }
}

/// The host of a URL as sockets take it: an IPv6 address without its brackets.
fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned()
}

fn is_topic(text: &str) -> bool {
    (1..=MAX_NAME).contains(&text.len())
        && !text.contains('+')
        && is_plain(text)
        && !text.starts_with(['/', '$'])
        && !text.ends_with('/')
}

/// Brokers may close the connection of whoever sends control characters (MQTT 3.1.1, 1.5.3), and
/// Mosquitto does.
fn is_plain(topic: &str) -> bool {
    !topic.contains(|c: char| c == '#' || c.is_control())
}
