//! The steps of the setup.

/// A step of the setup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Broker,
    Meters,
    InfluxDb,
    HomeAssistant,
    Done,
}

impl Step {
    pub(crate) const ALL: [Self; 5] =
        [Self::Broker, Self::Meters, Self::InfluxDb, Self::HomeAssistant, Self::Done];

    /// Its address below the base.
    pub(crate) const fn address(self) -> &'static str {
        match self {
            Self::Broker => "setup/broker",
            Self::Meters => "setup/meters",
            Self::InfluxDb => "setup/influxdb",
            Self::HomeAssistant => "setup/homeassistant",
            Self::Done => "setup/done",
        }
    }

    /// What it is called among the others.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Broker => "Broker",
            Self::Meters => "Meters",
            Self::InfluxDb => "InfluxDB",
            Self::HomeAssistant => "Home Assistant",
            Self::Done => "Done",
        }
    }

    /// What stands above it.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Broker => "Where is your MQTT broker?",
            Self::Meters => "Which meters?",
            Self::InfluxDb => "Forward readings to InfluxDB?",
            Self::HomeAssistant => "Show them in Home Assistant?",
            Self::Done => "All set up",
        }
    }

    pub(crate) const fn next(self) -> Self {
        match self {
            Self::Broker => Self::Meters,
            Self::Meters => Self::InfluxDb,
            Self::InfluxDb => Self::HomeAssistant,
            Self::HomeAssistant | Self::Done => Self::Done,
        }
    }

    pub(crate) const fn before(self) -> Option<Self> {
        match self {
            Self::Broker => None,
            Self::Meters => Some(Self::Broker),
            Self::InfluxDb => Some(Self::Meters),
            Self::HomeAssistant => Some(Self::InfluxDb),
            Self::Done => Some(Self::HomeAssistant),
        }
    }
}
