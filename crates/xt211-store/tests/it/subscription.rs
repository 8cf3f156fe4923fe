//! What brokers were asked for, and where Home Assistant was told something.

use xt211_store::{
    Announced, Session, StoredSubscription, Subscription,
    SubscriptionState::{self, Former, Unsubscribed, Wanted},
};

use crate::fixture::Fixture;

fn session(broker: &str) -> Session {
    Session { broker: broker.into(), client: "bridge".into() }
}

/// One of these topics: for data and, behind a space, for states.
fn subscription(meter: &str, topics: &str) -> Subscription {
    let (data, status) = topics.split_once(' ').unwrap();
    Subscription {
        meter: meter.into(),
        data_topic: data.into(),
        status_topic: status.into(),
        battery_topic: None,
        timezone: "UTC".into(),
        max_power_kw: 100.0,
    }
}

fn subscribe(fixture: &mut Fixture, broker: &str, wanted: &[(&str, &str)]) {
    let wanted: Vec<_> = wanted.iter().map(|(meter, topics)| subscription(meter, topics)).collect();
    fixture.write(|transaction| transaction.subscribe(&session(broker), &wanted));
}

/// Those of a broker, the newest first.
fn known(fixture: &Fixture, broker: &str) -> Vec<(String, String, SubscriptionState)> {
    let all = fixture.store.subscriptions().unwrap();
    let all = all.into_iter().filter(|one| one.session == session(broker));
    all.map(|StoredSubscription { subscription, state, .. }| {
        let topics: Vec<_> = subscription.topics().collect();
        (subscription.meter.clone(), topics.join(" "), state)
    })
    .collect()
}

fn row(meter: &str, topics: &str, state: SubscriptionState) -> (String, String, SubscriptionState) {
    (meter.into(), topics.into(), state)
}

#[test]
fn what_is_not_wanted_any_more_is_remembered() {
    let mut fixture = Fixture::new();
    subscribe(&mut fixture, "a", &[("house", "h/d h/s"), ("garden", "g/d g/s")]);
    subscribe(&mut fixture, "a", &[("house", "h/new h/s"), ("garden", "g/d g/s")]);
    let house = row("house", "h/new h/s", Wanted);
    let garden = row("garden", "g/d g/s", Wanted);
    let before = |state| row("house", "h/d h/s", state);
    assert_eq!(known(&fixture, "a"), [house.clone(), before(Former), garden.clone()]);
    fixture.write(|transaction| transaction.unsubscribed(&session("a")));
    assert_eq!(known(&fixture, "a"), [house.clone(), before(Unsubscribed), garden.clone()]);
    let mut fixture = fixture.reopen();
    assert_eq!(known(&fixture, "a"), [house, before(Unsubscribed), garden]);
    // It is wanted again.
    subscribe(&mut fixture, "a", &[("house", "h/d h/s")]);
    let expected = [
        row("house", "h/d h/s", Wanted),
        row("house", "h/new h/s", Former),
        row("garden", "g/d g/s", Former),
    ];
    assert_eq!(known(&fixture, "a"), expected);
}

#[test]
fn a_topic_is_its_new_owners() {
    let mut fixture = Fixture::new();
    subscribe(&mut fixture, "a", &[("house", "h/d h/s")]);
    // One of them, and then both.
    subscribe(&mut fixture, "a", &[("home", "h/d new")]);
    assert_eq!(
        known(&fixture, "a"),
        [row("home", "h/d new", Wanted), row("house", "h/d h/s", Former)]
    );
    subscribe(&mut fixture, "a", &[("flat", "h/d h/s")]);
    assert_eq!(
        known(&fixture, "a"),
        [row("flat", "h/d h/s", Wanted), row("home", "h/d new", Former)]
    );
    // Whose it was last is said first, even if it was another's before.
    subscribe(&mut fixture, "a", &[("home", "h/d new")]);
    subscribe(&mut fixture, "a", &[]);
    assert_eq!(
        known(&fixture, "a"),
        [row("home", "h/d new", Former), row("flat", "h/d h/s", Former)]
    );
}

#[test]
fn each_session_has_its_own() {
    let mut fixture = Fixture::new();
    subscribe(&mut fixture, "a", &[("house", "h/d h/s")]);
    subscribe(&mut fixture, "b", &[("house", "x/d x/s")]);
    subscribe(&mut fixture, "b", &[("house", "y/d y/s")]);
    assert_eq!(known(&fixture, "a"), [row("house", "h/d h/s", Former)]);
    let all = fixture.store.subscriptions().unwrap();
    fixture.write(|transaction| transaction.forget_subscriptions(&session("b")));
    assert_eq!(known(&fixture, "b"), [row("house", "y/d y/s", Wanted)]);
    assert_eq!(known(&fixture, "a"), [row("house", "h/d h/s", Former)]);

    let mut another = Fixture::new();
    let oldest_first: Vec<_> = all.iter().rev().cloned().collect();
    another.write(|transaction| transaction.add_subscriptions(&oldest_first));
    assert_eq!(another.store.subscriptions().unwrap(), all);
    // It is asked again.
    subscribe(&mut another, "a", &[("house", "h/d h/s")]);
    assert_eq!(known(&another, "a"), [row("house", "h/d h/s", Wanted)]);
    let b = [row("house", "y/d y/s", Former), row("house", "x/d x/s", Former)];
    assert_eq!(known(&another, "b"), b);
}

#[test]
fn announcements() {
    let mut fixture = Fixture::new();
    let announced = |prefix: &str| Announced {
        broker: "a".into(),
        discovery_prefix: "homeassistant".into(),
        topic_prefix: prefix.into(),
    };
    let [one, other] = ["one", "other"].map(announced);
    for place in [&other, &one, &other] {
        fixture.write(|transaction| transaction.add_announced(place));
    }
    assert_eq!(fixture.store.announced().unwrap(), [one.clone(), other.clone()]);
    fixture.write(|transaction| transaction.forget_announced(&one));
    assert_eq!(fixture.reopen().store.announced().unwrap(), [other]);
}
