//! From the integration in Python that users had before: what its sensors have counted goes on.

use serde_json::{Value, json};
use time::{Duration, format_description::well_known::Rfc3339};

use crate::{
    alone,
    house::{EXPORT, House, NEW, OLD},
    support::{Bridge, eventually},
};

/// What it says when an entity gets the id of one that there was before.
fn said_of_renaming() -> Vec<String> {
    let said = |(new, old): (&str, &str)| {
        [
            format!(
                "Cannot rename statistic_id `{new}` to `{old}` because the new statistic_id is \
                 already in use"
            ),
            format!(
                "Cannot migrate history for entity_id `{new}` to `{old}` because the new \
                 entity_id is already in use"
            ),
        ]
    };
    NEW.into_iter().zip(OLD).flat_map(said).collect()
}

#[test]
#[ignore = "builds Home Assistant once, as root: cargo test -p xt211-bridge --test home_assistant -- --ignored"]
fn the_bridge_runs_beside_the_old_integration_and_takes_its_place() {
    alone(async || {
        let mut house = House::new().await;
        house.read(7_000.0, &[OLD]).await;
        house.wait(1).await;
        house.read(7_000.5, &[OLD]).await;
        house.wait(1).await;
        let mut bridge = Bridge::start(&house.mosquitto.section()).await;
        house.read(7_001.0, &[OLD, NEW]).await;
        house.wait(1).await;
        house.read(7_001.5, &[OLD, NEW]).await;
        house.rename_is_refused().await;
        house.energy_is_fine().await;

        let import = [
            (0, 7_000.0, 0.0, 0.0),
            (1, 7_000.5, 0.5, 0.5),
            (2, 7_001.0, 1.0, 0.5),
            (3, 7_001.75, 1.75, 0.75),
            (4, 7_002.25, 2.25, 0.5),
        ];
        house.counts(OLD[0], &import[..3]).await;

        // Its statistics stay, and are found to be nobody's, until somebody has its ids again.
        house.delete_integration().await;
        let mut nobodys = OLD;
        nobodys.sort_unstable();
        assert_eq!(house.without_entity().await, nobodys);
        house.rename_all().await;
        let mut nobodys = NEW;
        nobodys.sort_unstable();
        assert_eq!(house.without_entity().await, nobodys);
        house.energy_is_fine().await;
        house.delete_files();
        house.read(7_001.75, &[OLD]).await;
        eventually("what it says of it", async || {
            (house.complaints() == said_of_renaming()).then_some(())
        })
        .await;
        house.delete_statistics(&NEW).await;
        house.is_fine_but_for(&said_of_renaming()).await;

        // Both are started again.
        house.wait(1).await;
        assert_eq!(bridge.stop().await.code(), Some(0));
        bridge.start_again().await;
        house.read(7_002.25, &[OLD]).await;
        house.is_fine().await;
        house.wait(1).await;
        house.counts(OLD[0], &import).await;
        let export = import.map(|(hour, state, sum, change)| (hour, state + EXPORT, sum, change));
        house.counts(OLD[1], &export).await;
        let power = house.hours(OLD[2]).await;
        let hours: Vec<_> = power.iter().map(|hour| hour["start"].as_i64().unwrap()).collect();
        assert_eq!(hours, [0, 1, 2, 3, 4]);
        assert_eq!(house.hours(NEW[0]).await, [Value::Null; 0]);
        house.read(7_002.5, &[OLD]).await;
        house.is_fine().await;
    });
}

#[test]
#[ignore = "builds Home Assistant once, as root: cargo test -p xt211-bridge --test home_assistant -- --ignored"]
fn the_sensors_are_renamed_hours_later() {
    alone(async || {
        let mut house = House::new().await;
        house.read(7_000.0, &[OLD]).await;
        house.wait(1).await;
        house.read(7_000.5, &[OLD]).await;

        // With its files alone, the old integration is not gone.
        house.delete_files();
        house.wait(1).await;
        let _bridge = Bridge::start(&house.mosquitto.section()).await;
        house.read(7_001.0, &[NEW]).await;
        house.rename_is_refused().await;
        house.counts(OLD[0], &[(0, 7_000.0, 0.0, 0.0), (1, 7_000.5, 0.5, 0.5)]).await;
        house.delete_integration().await;

        house.wait(1).await;
        house.read(7_001.5, &[NEW]).await;
        house.rename_all().await;
        house.read(7_001.75, &[OLD]).await;
        house.wait(1).await;
        house.read(7_002.25, &[OLD]).await;
        house.delete_statistics(&NEW).await;
        house.is_fine().await;

        // What was used meanwhile is in the hour in which they were renamed.
        house.wait(1).await;
        let import = [
            (0, 7_000.0, 0.0, 0.0),
            (1, 7_000.5, 0.5, 0.5),
            (3, 7_001.75, 1.75, 1.25),
            (4, 7_002.25, 2.25, 0.5),
        ];
        house.counts(OLD[0], &import).await;
        house.read(7_002.5, &[OLD]).await;
        house.is_fine().await;
    });
}

/// Home Assistant goes on from the last of the statistics of five minutes, and these it keeps for ten
/// days.
#[test]
#[ignore = "builds Home Assistant once, as root: cargo test -p xt211-bridge --test home_assistant -- --ignored"]
fn the_sensors_are_renamed_after_twelve_days() {
    alone(async || {
        let mut house = House::new().await;
        house.read(7_000.0, &[OLD]).await;
        house.wait(1).await;
        house.read(7_000.5, &[OLD]).await;
        house.wait(1).await;
        house.counts(OLD[0], &[(0, 7_000.0, 0.0, 0.0), (1, 7_000.5, 0.5, 0.5)]).await;
        house.delete_integration().await;
        house.delete_files();
        let late = 12 * 24;
        house.wait(late - house.hour).await;
        // As it does every night.
        let purge = json!({
            "type": "call_service",
            "domain": "recorder",
            "service": "purge",
            "service_data": { "keep_days": 10 },
        });
        house.home_assistant.call(purge).await;
        eventually("the statistics of five minutes to go", async || {
            let command = json!({
                "type": "recorder/statistics_during_period",
                "start_time": (house.first - Duration::DAY).format(&Rfc3339).unwrap(),
                "period": "5minute",
                "statistic_ids": [OLD[0]],
            });
            (house.home_assistant.call(command).await == json!({})).then_some(())
        })
        .await;
        let _bridge = Bridge::start(&house.mosquitto.section()).await;
        house.read(7_001.5, &[NEW]).await;
        house.rename_all().await;
        house.wait(1).await;
        house.read(7_002.0, &[OLD]).await;
        house.wait(1).await;

        // It has begun at zero again, which takes away what had been counted.
        let mut import = [
            (0, 7_000.0, 0.0, 0.0),
            (1, 7_000.5, 0.5, 0.5),
            (late, 7_001.5, 0.0, -0.5),
            (late + 1, 7_002.0, 0.5, 0.5),
        ];
        house.counts(OLD[0], &import).await;

        // That hour is put right: to what the meter has counted since.
        let adjust = json!({
            "type": "recorder/adjust_sum_statistics",
            "statistic_id": OLD[0],
            "start_time": (house.first + Duration::hours(late)).format(&Rfc3339).unwrap(),
            "adjustment": 1.5,
            "adjustment_unit_of_measurement": "kWh",
        });
        house.home_assistant.call(adjust).await;
        house.read(7_002.5, &[OLD]).await;
        house.wait(1).await;
        import[2] = (late, 7_001.5, 1.5, 1.0);
        import[3].2 = 2.0;
        let next = (late + 2, 7_002.5, 2.5, 0.5);
        house.counts(OLD[0], &[import.as_slice(), &[next]].concat()).await;
        house.read(7_003.0, &[OLD]).await;
        house.is_fine().await;
    });
}
