//! `Status` and `Battery`.

use super::{Decoded, context::Context, fault::Part, json::Reader, object::Object, scalar::Slot};
use crate::{Battery, ModuleStatus};

impl<'a> Object<'a> for ModuleStatus<'a> {
    fn take(
        &mut self,
        key: &[u8],
        json: &mut Reader<'a>,
        context: &Context<'a, '_>,
    ) -> Decoded<bool> {
        let slot = match key {
            b"status" => Slot::Text(&mut self.status),
            b"statustext" => Slot::Text(&mut self.status_text),
            b"wakeups" => Slot::Count(&mut self.wakeups),
            b"resets" => Slot::Count(&mut self.resets),
            b"lastwait" => Slot::Number(&mut self.last_wait),
            b"lastwaitmin" => Slot::Number(&mut self.last_wait_min),
            b"lastwaitmax" => Slot::Number(&mut self.last_wait_max),
            b"lastadaptive" => Slot::Number(&mut self.last_adaptive),
            b"firstboottime" => Slot::Time(&mut self.first_boot),
            b"builddatetime" => Slot::Text(&mut self.build),
            b"wifi" => Slot::Number(&mut self.wifi),
            b"rssi" => Slot::Number(&mut self.rssi),
            b"ntpdrift" => Slot::Number(&mut self.ntp_drift),
            b"serialno" => Slot::Serial(&mut self.serial),
            b"plannedstarttime" => Slot::Text(&mut self.planned_start),
            b"realstarttime" => Slot::Text(&mut self.real_start),
            _ => return Ok(false),
        };
        slot.fill(json, Part::Status, context)
    }
}

impl<'a> Object<'a> for Battery {
    fn take(
        &mut self,
        key: &[u8],
        json: &mut Reader<'a>,
        context: &Context<'a, '_>,
    ) -> Decoded<bool> {
        let slot = match key {
            b"voltage" => Slot::Number(&mut self.voltage),
            b"soc" => Slot::Number(&mut self.soc),
            _ => return Ok(false),
        };
        slot.fill(json, Part::Battery, context)
    }
}
