//! Meters whose topics differ in one level only, as one with a `+` in its place.

use std::collections::BTreeMap;

use super::candidate::Candidate;

/// The topics of readings and states with a `+` in them.
type Patterns = (String, String);

/// What stands for several of the candidates each, and takes in nothing else of the topics.
pub(super) fn candidates(single: &[Candidate], topics: &[&str]) -> Vec<Candidate> {
    let mut groups: BTreeMap<Patterns, Vec<&Candidate>> = BTreeMap::new();
    for candidate in single.iter().filter(|candidate| candidate.has_reading) {
        for patterns in patterns(candidate) {
            groups.entry(patterns).or_default().push(candidate);
        }
    }
    let several = groups.into_iter().filter(|(_, members)| members.len() > 1);
    let joined = several.map(|((data, status), members)| join(data, status, &members));
    joined
        .filter(|(wild, members)| takes_in_its_own(wild, members, topics))
        .map(|(it, _)| it)
        .collect()
}

/// A candidate's topics with a `+` in place of each level that both have.
fn patterns(candidate: &Candidate) -> impl Iterator<Item = Patterns> {
    let levels: Vec<_> = candidate.data_topic.split('/').collect();
    let patterns: Vec<_> = levels
        .iter()
        .enumerate()
        .filter_map(|(at, level)| {
            let data = with_plus(&candidate.data_topic, at, level)?;
            Some((data, with_plus(&candidate.status_topic, at, level)?))
        })
        .collect();
    patterns.into_iter()
}

/// A topic with a `+` in place of a level: at this place, or else at the only one where it is.
fn with_plus(topic: &str, at: usize, level: &str) -> Option<String> {
    if level.is_empty() {
        return None;
    }
    let mut levels: Vec<_> = topic.split('/').collect();
    let places: Vec<_> =
        (0..levels.len()).filter(|place| levels.get(*place) == Some(&level)).collect();
    let place = match places.as_slice() {
        places if places.contains(&at) => at,
        [only] => *only,
        _ => return None,
    };
    *levels.get_mut(place)? = "+";
    Some(levels.join("/"))
}

fn join<'c>(
    data_topic: String,
    status_topic: String,
    members: &[&'c Candidate],
) -> (Candidate, Vec<&'c Candidate>) {
    let at = data_topic.split('/').position(|level| level == "+").unwrap_or_default();
    let battery = |member: &&Candidate| {
        let level = member.data_topic.split('/').nth(at)?;
        with_plus(member.battery_topic.as_deref()?, at, level)
    };
    let wild = Candidate {
        // Each of them gets the level as its id, and behind its name.
        id: "meter".into(),
        name: "XT211 Meter".into(),
        battery_topic: members.iter().find_map(battery),
        data_topic,
        status_topic,
        others: Vec::new(),
        has_reading: true,
        serials: members.iter().flat_map(|member| member.serials.iter().cloned()).collect(),
        value: None,
        stands_for: Some(members.len()),
    };
    (wild, members.to_vec())
}

/// Whether its topics cover nothing but those of its members.
fn takes_in_its_own(wild: &Candidate, members: &[&Candidate], topics: &[&str]) -> bool {
    let is_own = |topic: &str| {
        let is_of = |member: &&Candidate| {
            member.data_topic == topic
                || member.status_topic == topic
                || member.battery_topic.as_deref() == Some(topic)
        };
        members.iter().any(is_of)
    };
    let patterns = [&wild.data_topic, &wild.status_topic].into_iter().chain(&wild.battery_topic);
    let mut covered =
        patterns.flat_map(|pattern| topics.iter().filter(move |topic| covers(pattern, topic)));
    covered.all(|topic| is_own(topic))
}

/// Whether a topic is one of those that a topic with a `+` stands for.
pub(super) fn covers(pattern: &str, topic: &str) -> bool {
    let Some((before, after)) = pattern.split_once('+') else { return pattern == topic };
    let level = topic.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    level.is_some_and(|level| !level.contains('/'))
}
