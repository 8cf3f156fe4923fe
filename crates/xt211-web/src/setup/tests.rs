//! What becomes of what is heard.

use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*};

use super::{
    candidate::{Candidate, Topics},
    wildcard::covers,
};
use crate::backend::{Heard, Refusal};

/// Hears messages: the topic of each, and the first letters of what it holds.
fn hear<'t>(messages: impl IntoIterator<Item = (&'t str, &'t str)>) -> Topics {
    let mut topics = Topics::default();
    for (topic, letters) in messages {
        let parts = ["r", "s", "b"].map(|letter| letters.contains(letter));
        let heard = Heard { topic: topic.into(), parts, serial: None, value: None };
        assert_eq!(topics.take(Ok(heard)), None);
    }
    topics
}

fn found(messages: &[(&str, &str)]) -> Vec<Candidate> {
    hear(messages.iter().copied()).candidates(&BTreeSet::new())
}

/// The id of each, and what it listens to: readings, states, batteries, and what is not needed.
fn summary(messages: &[(&str, &str)]) -> Vec<String> {
    let line = |it: Candidate| {
        let battery = it.battery_topic.iter().map(|topic| format!(", {topic}")).collect::<String>();
        let others = it.others.iter().map(|topic| format!("; {topic}")).collect::<String>();
        let unheard = if it.has_reading { "" } else { "?" };
        format!("{}: {}{unheard}, {}{battery}{others}", it.id, it.data_topic, it.status_topic)
    };
    found(messages).into_iter().map(line).collect()
}

#[test]
fn the_topics_of_one_meter() {
    let cases: [(&[_], &str); 13] = [
        (
            &[("elektromer/data", "r"), ("elektromer/status", "s"), ("elektromer/battery", "b")],
            "meter: elektromer/data, elektromer/status, elektromer/battery",
        ),
        // It is told by what they hold.
        (&[("a/x", "s"), ("a/y", "r"), ("a/z", "b")], "meter: a/y, a/x, a/z"),
        (&[("data", "r"), ("status", "sb")], "meter: data, status"),
        // All comes on one topic.
        (&[("a/all", "rsb")], "meter: a/all, a/all"),
        (&[("a/data", "rs")], "meter: a/data, a/data"),
        // What was not heard is where it usually is, unless something else is there.
        (&[("a/data", "r")], "meter: a/data, a/status"),
        (&[("a/x", "r")], "meter: a/x, a/x"),
        (&[("a/m-data-1", "r")], "meter: a/m-data-1, a/m-status-1"),
        (&[("a/status", "sb")], "meter: a/data?, a/status"),
        (&[("a/battery", "b")], "meter: a/data?, a/status, a/battery"),
        (&[("a/x", "s")], "meter: a/x?, a/x"),
        (&[("a/data", "b"), ("a/status", "s")], "meter: a/status?, a/status, a/data"),
        // Of several that would do, the first.
        (
            &[("a/data", "r"), ("a/s1", "s"), ("a/s2", "s"), ("a/b1", "b"), ("a/b2", "b")],
            "meter: a/data, a/s1, a/b1; a/b2; a/s2",
        ),
    ];
    for (messages, expected) in cases {
        assert_eq!(summary(messages), [expected], "{messages:?}");
    }
}

#[test]
fn several_meters() {
    // Those that differ in one level only are offered as one first.
    assert_eq!(
        summary(&[("f/a/data", "r"), ("f/a/status", "s"), ("f/b/data", "r"), ("f/b/cell", "b")]),
        [
            "meter: f/+/data, f/+/status, f/+/cell",
            "a: f/a/data, f/a/status",
            "b: f/b/data, f/b/status, f/b/cell",
        ]
    );
    // Where the level is at another place, or in one of two places.
    assert_eq!(
        summary(&[("r/a", "r"), ("r/b", "r"), ("a/s", "s"), ("b/s", "s")])[0],
        "meter: r/+, r/+"
    );
    // Topics with a common parent belong to what they are most like.
    assert_eq!(
        summary(&[
            ("h/one_data", "r"),
            ("h/one_status", "s"),
            ("h/two_data", "r"),
            ("h/two_x", "s")
        ]),
        ["one_data: h/one_data, h/one_status", "two_data: h/two_data, h/two_x"]
    );
    // One that has not sent a reading yet is among them if others have.
    assert_eq!(
        summary(&[("f/a/data", "r"), ("f/b/data", "r"), ("f/c/status", "s"), ("f/d/battery", "b")]),
        [
            "meter: f/+/data, f/+/status, f/+/battery",
            "a: f/a/data, f/a/status",
            "b: f/b/data, f/b/status",
            "c: f/c/data?, f/c/status",
            "d: f/d/data?, f/d/status, f/d/battery",
        ]
    );
    assert_eq!(summary(&[("f/a/data", "r"), ("f/c/status", "s")]).len(), 2);
    // Not if something of somebody else would be taken in, be it that it will come there.
    assert_eq!(
        summary(&[("a/data", "rs"), ("b/data", "rs"), ("c/battery", "b")]),
        ["a: a/data, a/data", "b: b/data, b/data", "c: c/data?, c/status, c/battery"]
    );
    assert_eq!(
        summary(&[("f/a/data", "r"), ("f/b/data", "r"), ("f/c/data", "s")]),
        ["a: f/a/data, f/a/status", "b: f/b/data, f/b/status", "c: f/c/data?, f/c/data"]
    );
}

#[test]
fn ids_are_possible_and_their_own() {
    let ids = |messages: &[(&str, &str)], taken: &[&str]| {
        let taken = taken.iter().map(|id| (*id).to_owned()).collect();
        let candidates = hear(messages.iter().copied()).candidates(&taken).into_iter();
        let single = candidates.filter(|it| it.stands_for.is_none());
        single.map(|it| (it.id, it.name)).collect::<Vec<_>>()
    };
    let named = |list: &[(&str, &str)]| {
        list.iter()
            .map(|(id, name)| ((*id).to_owned(), format!("XT211 Meter{name}")))
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&[("a/data", "r")], &[]), named(&[("meter", "")]));
    assert_eq!(ids(&[("a/data", "r")], &["meter"]), named(&[("a", " a")]));
    assert_eq!(ids(&[("a/data", "r")], &["a", "a-2"]), named(&[("a-3", " a")]));
    assert_eq!(
        ids(&[("Byt č. 5/data", "r"), ("BRIDGE/data", "r"), ("/data", "r")], &[]),
        named(&[("meter", " "), ("bridge-meter", " BRIDGE"), ("byt____5", " Byt č. 5")])
            .into_iter()
            .map(|(id, name)| (id, name.trim_end().to_owned()))
            .collect::<Vec<_>>()
    );
}

#[test]
fn what_a_plus_stands_for() {
    for (pattern, topic, is_covered) in [
        ("a/+/c", "a/b/c", true),
        ("a/+/c", "a//c", true),
        ("a/+/c", "a/b/b/c", false),
        ("a/+/c", "a/c", false),
        ("+/c", "b/c", true),
        ("+", "b", true),
        ("+", "b/", false),
        ("a/+", "a/", true),
        ("a/b", "a/b", true),
        ("a/b", "a/bc", false),
    ] {
        assert_eq!(covers(pattern, topic), is_covered, "{pattern} {topic}");
    }
}

#[test]
fn what_was_heard_last_is_shown_and_what_was_heard_before_is_not_forgotten() {
    let mut topics = Topics::default();
    let mut hear = |parts, serial: Option<&str>, value: Option<&str>| {
        let [serial, value] = [serial, value].map(|text| text.map(String::from));
        topics.take(Ok(Heard { topic: "a/data".into(), parts, serial, value }));
        let candidate = topics.candidates(&BTreeSet::new()).remove(0);
        (
            candidate.serials.into_iter().collect::<Vec<_>>().join(" "),
            candidate.value.unwrap_or_default(),
        )
    };
    let (reading, state) = ([true, false, false], [false, true, false]);
    assert_eq!(hear(reading, Some("1"), Some("x")), ("1".into(), "x".into()));
    assert_eq!(hear(state, None, None), ("1".into(), "x".into()));
    assert_eq!(hear(reading, Some("2"), Some("y")), ("2".into(), "y".into()));
    // Nobody would recognise their meter by this.
    assert_eq!(hear(reading, Some(&"3".repeat(65)), None), ("2".into(), "y".into()));
}

#[test]
fn there_are_not_more_than_anybody_has() {
    let numbered = |number: usize| format!("f/{number:04}/data");
    let many: Vec<_> = (0..1_001).map(numbered).collect();
    let mut topics = hear(many.iter().map(|topic| (topic.as_str(), "r")));
    let candidates = |topics: &Topics| topics.candidates(&BTreeSet::new());
    let all = candidates(&topics);
    assert_eq!((all.len(), all[0].stands_for), (1_001, Some(1_000)));
    assert_eq!(all[1_000].data_topic, numbered(999));
    // Of those that are known, more is still learnt.
    let parts = [true, false, false];
    let heard = Heard { topic: numbered(5), parts, serial: None, value: Some("x".into()) };
    topics.take(Ok(heard));
    assert_eq!(candidates(&topics)[6].value.as_deref(), Some("x"));
    let trouble = Refusal { place: None, message: "gone".into() };
    assert_eq!(topics.take(Err(trouble)).as_deref(), Some("gone"));
    assert_eq!(candidates(&topics).len(), 1_001);
}

#[test]
fn what_cannot_be_set_is_not_offered() {
    let long = |length| "x".repeat(length);
    let deep = |levels| vec!["x"; levels].join("/");
    for topic in ["", "$SYS/data", "a/+/data", "a/#", "a\0b", "a\nb", &long(4_001), &deep(17)] {
        assert_eq!(found(&[(topic, "r")]), [], "{topic}");
    }
    for topic in ["/", "a/$b", " ", &long(4_000), &deep(16)] {
        assert_eq!(found(&[(topic, "r")]).len(), 1, "{topic}");
    }
}

fn topic() -> impl Strategy<Value = String> {
    let word =
        prop::sample::select(&["a", "b", "c", "data", "status", "battery", "", "Bridge"][..]);
    let like_ours = vec(word, 1..5).prop_map(|levels| levels.join("/"));
    prop_oneof![4 => like_ours, 1 => "[ab+#$/\\PC]{0,12}", 1 => any::<String>()]
}

fn message() -> impl Strategy<Value = Heard> {
    let text = || prop::option::of("\\PC{0,80}");
    (topic(), any::<[bool; 3]>(), text(), text()).prop_map(|(topic, parts, serial, value)| Heard {
        topic,
        parts,
        serial,
        value,
    })
}

/// What the level that a `+` stands for is in a topic.
fn level<'t>(pattern: &str, topic: &'t str) -> Option<&'t str> {
    let at = pattern.split('/').position(|level| level == "+")?;
    covers(pattern, topic).then(|| topic.split('/').nth(at)).flatten()
}

proptest! {
    #[test]
    fn candidates_are_of_what_was_heard(
        messages in vec(message(), 0..30), taken in prop::collection::btree_set("[a-c]|meter", 0..3),
    ) {
        let mut topics = Topics::default();
        for message in &messages {
            topics.take(Ok(message.clone()));
        }
        let all = topics.candidates(&taken);
        let (wild, single): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|it| it.stands_for.is_some());

        // Each topic belongs to one of them.
        let heard: BTreeSet<_> = messages.iter().map(|it| it.topic.as_str()).collect();
        let own = |it: &Candidate| {
            let all: BTreeSet<_> = it.listened().chain(&it.others).cloned().collect();
            all.into_iter().filter(|topic| heard.contains(topic.as_str())).collect::<Vec<_>>()
        };
        let owned: Vec<_> = single.iter().flat_map(own).collect();
        let distinct: BTreeSet<_> = owned.iter().map(String::as_str).collect();
        prop_assert_eq!(owned.len(), distinct.len());
        let can_be = |topic: &&str| {
            let is_odd = |c: char| matches!(c, '+' | '#') || c.is_control();
            !topic.is_empty() && !topic.contains(is_odd) && !topic.starts_with('$')
        };
        prop_assert_eq!(&distinct, &heard.iter().copied().filter(can_be).collect());

        // Their ids are possible, and no others'.
        let ids: BTreeSet<_> = single.iter().map(|it| it.id.as_str()).collect();
        prop_assert_eq!(ids.len(), single.len());
        for id in ids {
            prop_assert!(!taken.contains(id) && id != "bridge" && !id.is_empty());
            prop_assert!(id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-'));
        }

        for it in &wild {
            // A setting has one `+` in each of its topics, or in none.
            for topic in it.listened() {
                prop_assert_eq!(topic.split('/').filter(|level| level.contains('+')).count(), 1);
            }
            // It takes in the topics that it was made from, each with the same id, and no others.
            let members: Vec<_> =
                single.iter().filter(|one| covers(&it.data_topic, &one.data_topic)).collect();
            prop_assert_eq!(it.stands_for, Some(members.len()));
            prop_assert!(members.iter().filter(|member| member.has_reading).count() > 1);
            for member in &members {
                let id = level(&it.data_topic, &member.data_topic);
                prop_assert!(id.is_some());
                prop_assert_eq!(id, level(&it.status_topic, &member.status_topic));
            }
            let of_members: BTreeSet<_> = members.iter().flat_map(|member| own(member)).collect();
            for topic in &distinct {
                let is_covered = it.listened().any(|pattern| covers(pattern, topic));
                prop_assert!(!is_covered || of_members.contains(*topic), "{topic}");
            }
        }
    }

    #[test]
    fn a_plus_covers_each_value_of_its_level(
        levels in vec("[ab]?", 1..5), at in any::<prop::sample::Index>(), value in "[^/+]{0,5}",
    ) {
        let at = at.index(levels.len());
        let with = |level: &str| {
            let mut levels = levels.clone();
            level.clone_into(&mut levels[at]);
            levels.join("/")
        };
        prop_assert!(covers(&with("+"), &with(&value)));
        let deeper = with(&(value + "/"));
        prop_assert!(!covers(&with("+"), &deeper));
    }
}
