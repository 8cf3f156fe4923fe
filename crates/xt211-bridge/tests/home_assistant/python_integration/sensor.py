"""Its sensors, with entity ids and unique ids of its own."""

import json

from homeassistant.components import mqtt
from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorStateClass
from homeassistant.core import callback

ENERGY = (SensorDeviceClass.ENERGY, SensorStateClass.TOTAL_INCREASING, "kWh")
POWER = (SensorDeviceClass.POWER, SensorStateClass.MEASUREMENT, "W")
SENSORS = {
    "1.8.0": ("Total Import Energy", *ENERGY),
    "2.8.0": ("Total Export Energy", *ENERGY),
    "16.7.0": ("Active Power", *POWER),
}


async def async_setup_entry(hass, entry, async_add_entities):
    sensors = {code: Register(code, *told) for code, told in SENSORS.items()}
    async_add_entities(sensors.values())

    @callback
    def received(message):
        values = json.loads(message.payload)["data"]["values"]
        for code, sensor in sensors.items():
            if code in values:
                sensor.show(values[code])

    await mqtt.async_wait_for_mqtt_client(hass)
    entry.async_on_unload(await mqtt.async_subscribe(hass, "elektromer/data", received))


class Register(SensorEntity):
    _attr_should_poll = False

    def __init__(self, code, name, device_class, state_class, unit):
        self._attr_unique_id = f"python_{code}"
        self._attr_name = name
        self.entity_id = f"sensor.xt211_{name.lower().replace(' ', '_')}"
        self._attr_device_class = device_class
        self._attr_state_class = state_class
        self._attr_native_unit_of_measurement = unit

    @callback
    def show(self, value):
        self._attr_native_value = value
        self.async_write_ha_state()
