//! What the modules of many meters send.

use std::io::Write;

use clap::Args;
use time::{
    Duration, OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description,
};
use xt211_examples::Failure;

/// How many meters there are, and what they send.
#[derive(Args, Clone, Debug)]
pub(crate) struct Modules {
    /// How many messages in all.
    #[arg(long, default_value_t = 300_000)]
    pub(crate) messages: u32,
    /// Of how many meters, one after the other.
    #[arg(long, default_value_t = 1)]
    pub(crate) meters: u32,
    /// How many messages each module has in its queue when it is its turn.
    #[arg(long, default_value_t = 1)]
    pub(crate) queue: u32,
    /// How many registers each reading has, at least 1.
    #[arg(long, default_value_t = 5)]
    pub(crate) registers: u8,
    /// The topic; a `+` stands for a meter's number.
    #[arg(long, default_value = "load/+/data")]
    pub(crate) topic: String,
}

/// The time of a reading, as the firmware writes it.
const TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short] [year]-[month]-[day] [hour]:[minute]:[second] GMT");

/// The messages, one after the other: each meter's first queue, then each meter's second; before
/// that, if they are to be known, a first message of each meter.
pub(crate) struct Messages {
    modules: Modules,
    topics: Vec<String>,
    next: u32,
    /// The time of the first reading.
    start: OffsetDateTime,
    time_text: String,
    payload: Vec<u8>,
}

impl Messages {
    /// Messages whose last one is of now, each meter's a minute apart; with a first message of each
    /// meter, or without.
    pub(crate) fn new(modules: &Modules, with_first: bool) -> Result<Self, Failure> {
        if modules.meters == 0 || modules.registers == 0 || modules.queue == 0 {
            return Err("expected at least one meter, one register and one message".into());
        }
        let topic = |number| modules.topic.replace('+', &format!("{number:05}"));
        let turns = modules.messages.div_ceil(modules.queue).div_ceil(modules.meters);
        let minutes = u64::from(turns) * u64::from(modules.queue) + 1;
        Ok(Self {
            topics: (0..modules.meters).map(topic).collect(),
            next: if with_first { 0 } else { modules.meters },
            start: OffsetDateTime::now_utc() - Duration::minutes(minutes.try_into()?),
            time_text: String::new(),
            payload: Vec::new(),
            modules: modules.clone(),
        })
    }

    /// The next topic and payload.
    pub(crate) fn next(&mut self) -> Result<Option<(&str, &[u8])>, Failure> {
        let Modules { messages, meters, queue, registers, .. } = self.modules;
        let Some(counted) = self.next.checked_sub(meters) else {
            let meter = self.next;
            return self.message(meter, 0, registers).map(Some);
        };
        if counted == messages {
            return Ok(None);
        }
        let turn = counted / queue;
        let minute = turn / meters * queue + counted % queue + 1;
        self.message(turn % meters, minute, registers).map(Some)
    }

    fn message(
        &mut self,
        meter: u32,
        minute: u32,
        registers: u8,
    ) -> Result<(&str, &[u8]), Failure> {
        self.next += 1;
        self.time_text = (self.start + Duration::minutes(minute.into())).format(TIME)?;
        // 6 kW for a minute.
        let watt_hours = 100 * u64::from(minute);
        self.payload.clear();
        write!(
            self.payload,
            r#"{{"datetime":"Sun Apr 26 16:49:55 2026","data":{{"reading_datetime":"{}","first_boot":false,"values":{{"#,
            self.time_text
        )?;
        for register in 0..registers {
            let (kilowatt_hours, rest) = (1_000 + watt_hours / 1_000, watt_hours % 1_000);
            // 1.8.0 to 1.8.4, 2.8.0 to 2.8.4, and so on.
            let (quantity, tariff) = (register / 5 + 1, register % 5);
            write!(self.payload, r#""{quantity}.8.{tariff}":{kilowatt_hours}.{rest:03},"#)?;
        }
        write!(self.payload, r#""96.1.1":"{}"}}}}}}"#, 5_100_000_000 + u64::from(meter))?;
        let topic = self.topics.get(meter as usize).ok_or("no such meter")?;
        Ok((topic, &self.payload))
    }
}
