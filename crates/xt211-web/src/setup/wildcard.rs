//! Meters whose topics differ in one level only, as one with a `+` in its place.

use std::{collections::BTreeMap, fmt};

use super::candidate::Candidate;

/// A topic with a `+` in place of a level: what is before it, and what behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Pattern<'t> {
    before: &'t str,
    behind: &'t str,
}

impl fmt::Display for Pattern<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", self.before, self.behind)
    }
}

/// The topics of readings and states with a `+` in them.
type Patterns<'t> = (Pattern<'t>, Pattern<'t>);

/// What stands for several of the candidates each, and takes in nothing else of their topics.
pub(super) fn candidates(single: &[Candidate]) -> Vec<Candidate> {
    let mut groups: BTreeMap<Patterns<'_>, Vec<&Candidate>> = BTreeMap::new();
    for candidate in single {
        for patterns in patterns(candidate) {
            groups.entry(patterns).or_default().push(candidate);
        }
    }
    // Beside two that read, there may be some of which nothing but a state was heard yet.
    let reading = |members: &[&Candidate]| members.iter().filter(|it| it.has_reading).count();
    let several = groups.into_iter().filter(|(_, members)| reading(members) > 1);
    let joined = several.map(|((data, status), members)| join(data, status, &members));
    joined
        .filter(|(wild, members)| takes_in_its_own(wild, members, single))
        .map(|(it, _)| it)
        .collect()
}

/// A candidate's topics with a `+` in place of each level that both have.
fn patterns(candidate: &Candidate) -> impl Iterator<Item = Patterns<'_>> {
    let levels = levels(&candidate.data_topic).enumerate();
    let levels = levels.filter(|(_, (level, _))| !level.is_empty());
    levels.filter_map(|(at, (level, data))| {
        Some((data, pattern(&candidate.status_topic, at, level)?))
    })
}

/// The levels of a topic, each with the topic around it.
fn levels(topic: &str) -> impl Iterator<Item = (&str, Pattern<'_>)> {
    let mut start = 0;
    topic.split('/').map(move |level| {
        let end = start + level.len();
        // Cannot be missing: these are the boundaries of levels.
        let before = topic.get(..start).unwrap_or_default();
        let behind = topic.get(end..).unwrap_or_default();
        start = end + 1;
        (level, Pattern { before, behind })
    })
}

/// A topic with a `+` in place of a level: at this place, or else at the only one where it is.
fn pattern<'t>(topic: &'t str, at: usize, level: &str) -> Option<Pattern<'t>> {
    let places = levels(topic).enumerate().filter(|(_, (other, _))| *other == level);
    let places: Vec<_> = places.map(|(place, (_, pattern))| (place, pattern)).collect();
    match (places.iter().find(|(place, _)| *place == at), places.as_slice()) {
        (Some((_, pattern)), _) | (None, [(_, pattern)]) => Some(*pattern),
        _ => None,
    }
}

fn join<'c>(
    data: Pattern<'_>,
    status: Pattern<'_>,
    members: &[&'c Candidate],
) -> (Candidate, Vec<&'c Candidate>) {
    let at = data.before.split('/').count().saturating_sub(1);
    let battery = |member: &&Candidate| {
        let level = member.data_topic.split('/').nth(at)?;
        Some(pattern(member.battery_topic.as_deref()?, at, level)?.to_string())
    };
    let wild = Candidate {
        // Each of them gets the level as its id, and behind its name.
        id: "meter".into(),
        name: "XT211 Meter".into(),
        battery_topic: members.iter().find_map(battery),
        data_topic: data.to_string(),
        status_topic: status.to_string(),
        others: Vec::new(),
        has_reading: true,
        serials: members.iter().flat_map(|member| member.serials.iter().cloned()).collect(),
        value: None,
        stands_for: Some(members.len()),
    };
    (wild, members.to_vec())
}

/// Whether its topics cover nothing but those that its members listen to. Topics that another one
/// would listen to count as well, though nothing was heard there yet.
fn takes_in_its_own(wild: &Candidate, members: &[&Candidate], single: &[Candidate]) -> bool {
    let is_covered = |topic: &String| wild.listened().any(|pattern| covers(pattern, topic));
    single.iter().all(|one| {
        let is_member = members.iter().any(|member| std::ptr::eq(*member, one));
        !one.others.iter().any(is_covered) && (is_member || !one.listened().any(is_covered))
    })
}

/// Whether a topic is one of those that a topic with a `+` stands for.
pub(super) fn covers(pattern: &str, topic: &str) -> bool {
    let Some((before, after)) = pattern.split_once('+') else { return pattern == topic };
    let level = topic.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    level.is_some_and(|level| !level.contains('/'))
}
