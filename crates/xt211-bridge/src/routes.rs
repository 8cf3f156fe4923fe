//! Which meter a topic belongs to.

use std::{collections::HashMap, sync::Arc};

use crate::config;

/// The topics of all meters, those with a `+` among them.
#[derive(Default)]
pub(crate) struct Routes {
    exact: HashMap<String, (usize, Arc<config::Meter>)>,
    /// What stands before and after the `+`.
    wild: Vec<(String, String, (usize, Arc<config::Meter>))>,
}

/// Where a topic leads.
#[derive(Debug)]
pub(crate) struct Route<'t> {
    /// The number of the meter's section in the configuration.
    pub(crate) section: usize,
    /// The meter's settings.
    pub(crate) meter: Arc<config::Meter>,
    /// What stands in the place of the `+`, if there is one.
    pub(crate) level: Option<&'t str>,
}

impl Route<'_> {
    /// What the user calls the meter.
    pub(crate) fn name(&self) -> String {
        name_of(&self.meter, self.level.unwrap_or_default())
    }
}

/// What the user calls a meter, or the one that has this in the place of the `+`.
pub(crate) fn name_of(meter: &config::Meter, level: &str) -> String {
    format!("{} {level}", meter.name).trim_end().to_owned()
}

/// Whether a meter is still listened to: one with a section of its own by its id, one of many by the
/// topic from which its id was.
pub(crate) fn follows(meters: &[config::Meter], id: &str, topic: Option<&str>) -> bool {
    let covers = |meter: &config::Meter, topic| {
        Routes::new(std::slice::from_ref(meter)).find(topic).is_some()
    };
    meters.iter().any(|meter| match meter.is_wild() {
        true => topic.is_some_and(|topic| covers(meter, topic)),
        false => meter.id.as_str() == id,
    })
}

impl Routes {
    pub(crate) fn new(meters: &[config::Meter]) -> Self {
        let mut routes = Self { exact: HashMap::new(), wild: Vec::new() };
        for (section, meter) in meters.iter().cloned().map(Arc::new).enumerate() {
            for topic in meter.topics() {
                let target = (section, Arc::clone(&meter));
                match topic.split_once('+') {
                    Some((before, after)) => {
                        routes.wild.push((before.into(), after.into(), target));
                    }
                    // Those of former configurations may share one: the first has it.
                    None => {
                        routes.exact.entry(topic.into()).or_insert(target);
                    }
                }
            }
        }
        routes
    }

    /// A topic that stands in the configuration as it is goes before one that a `+` covers.
    pub(crate) fn find<'t>(&self, topic: &'t str) -> Option<Route<'t>> {
        let route = |(section, meter): &(usize, Arc<config::Meter>), level| Route {
            section: *section,
            meter: Arc::clone(meter),
            level,
        };
        if let Some(target) = self.exact.get(topic) {
            return Some(route(target, None));
        }
        self.wild.iter().find_map(|(before, after, target)| {
            let level = topic.strip_prefix(before.as_str())?.strip_suffix(after.as_str())?;
            (!level.contains('/')).then(|| route(target, Some(level)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(sections: &[(&str, &str)]) -> Routes {
        let text: String = sections
            .iter()
            .enumerate()
            .map(|(index, (data, status))| {
                format!("[[meter]]\nid = \"m{index}\"\ndata_topic = \"{data}\"\nstatus_topic = \"{status}\"\n")
            })
            .collect();
        let config = config::Config::parse(&text).unwrap();
        Routes::new(&config.meters)
    }

    #[test]
    fn topics_lead_to_meters() {
        let routes = routes(&[("a/data", "a/status"), ("+/data", "+/status"), ("x/+", "y/+")]);
        let found = |topic| -> Option<(String, Option<String>)> {
            let route = routes.find(topic)?;
            Some((route.meter.id.to_string(), route.level.map(String::from)))
        };
        assert_eq!(found("a/data"), Some(("m0".into(), None)));
        assert_eq!(found("b/data"), Some(("m1".into(), Some("b".into()))));
        assert_eq!(found("b/status"), Some(("m1".into(), Some("b".into()))));
        assert_eq!(found("/data"), Some(("m1".into(), Some(String::new()))));
        assert_eq!(found("x/7"), Some(("m2".into(), Some("7".into()))));
        assert_eq!(found("b/c/data"), None);
        assert_eq!(found("b/other"), None);
    }

    #[test]
    fn what_is_in_no_section_is_not_followed() {
        let text = "[[meter]]\nid = \"m0\"\ndata_topic = \"a/data\"\nstatus_topic = \"a/status\"\n\
                    [[meter]]\nid = \"m1\"\ndata_topic = \"x/+\"\nstatus_topic = \"y/+\"\n";
        let meters = config::Config::parse(text).unwrap().meters;
        assert!(follows(&meters, "m0", None));
        assert!(follows(&meters, "7", Some("x/7")));
        assert!(!follows(&meters, "m1", None));
        assert!(!follows(&meters, "7", Some("z/7")));
        assert!(!follows(&meters, "former", Some("a/data")));
    }
}
