//! A store with a meter in it, and with what anybody may have sent.

use time::{Duration, OffsetDateTime};
use xt211_message::{Register, Registers, Value};
use xt211_store::{MeterNews, NewContent, NewSetAside};

use crate::fixture::Fixture;

/// What would be a script if it were not escaped.
pub(crate) const HOSTILE: &str = "<script>alert('x')</script>\u{1b}[2J";

pub(crate) fn registers(list: &[(&str, &str)]) -> Registers<'static> {
    let register = |(code, value): &(&str, &str)| Register {
        code: code.parse().unwrap(),
        value: match value.parse() {
            Ok(number) => Value::Number(number),
            Err(_) => Value::Text(value.to_string().into()),
        },
    };
    Registers::from_vec(list.iter().map(register).collect()).unwrap()
}

/// When the meter was last read.
pub(crate) fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc().replace_nanosecond(0).unwrap() - Duration::minutes(3)
}

/// Fills the store: a meter that was read, its module, and three things set aside.
pub(crate) fn fill(fixture: &Fixture) {
    let mut store = fixture.program.open();
    let now = now();
    let write = store.write(|store| {
        let meter = store.add_meter("meter", Some("elektromer/data"))?;
        let totals = [("1.8.0", "7369.066"), ("1.8.1", "1338.005"), ("1.8.2", "6031.061"),
            ("2.8.0", "12.5"), ("16.7.0", "430"), ("32.7.0", "231.4"), ("52.7.0", "229.9"),
            ("72.7.0", "230.2"), ("0-0:96.3.10", "1"), ("0-0:96.13.0", HOSTILE)];
        store.append_reading(meter, now - Duration::hours(1), &registers(&[("14.7.0", "50.01")]), None)?;
        store.append_reading(meter, now, &registers(&totals), Some("5100025085"))?;
        let status = br#"{"datetime":"Sat Feb 21 20:27:33 2026","Status":{"Status":"Error","StatusText":"<script>no push","Wakeups":42,"Wifi":"-67"}}"#;
        store.append_state(meter, now, status)?;
        let battery = br#"{"datetime":"Sat Feb 21 20:27:38 2026","battery":{"voltage":3.783,"soc":35.78}}"#;
        store.append_state(meter, now, battery)?;
        let (serial, heard_at) = (Some("5100025085"), Some(now));
        store.update_meter(meter, &MeterNews { serial, heard_at, ..MeterNews::default() })?;
        let message = NewSetAside {
            at: now,
            meter: None,
            topic: HOSTILE,
            code: "message.syntax",
            reason: HOSTILE,
            content: NewContent::Message(b"<script>\xff\x00"),
        };
        store.set_aside(&message)?;
        let low = registers(&[("1.8.0", "0")]);
        let content = NewContent::Reading { time: now, registers: &low, serial: None };
        let (code, reason, topic) = ("reading.total.fell", "1.8.0 fell to 0", "elektromer/data");
        let fell = NewSetAside { meter: Some(meter), content, code, reason, topic, ..message };
        store.set_aside(&fell)?;
        store.set_aside(&NewSetAside { content: NewContent::Message(b"[]"), ..message })?;
        Ok::<_, xt211_store::StoreError>(())
    });
    write.unwrap();
}
