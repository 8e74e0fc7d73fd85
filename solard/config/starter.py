"""The configuration that `solard init` writes: valid as it stands, and easy to make one's own."""

STARTER = """\
# solard's configuration. Check it with `solard check`; docs/configure.md explains every key.
# Every quantity has its unit: 6.4 kW, 10 kWh, 30 %, 15 min, 0.28 EUR/kWh.
mode: observe                  # decide and explain, touch nothing, until `solard live`

site:
  name: my site
  latitude: 47.0               # yours: the forecast needs it to half a degree
  longitude: 8.0
  timezone: Europe/Zurich
  supply: grid                 # off-grid, grid or grid-with-backup

devices:                       # `solard modbus profiles` lists the families
  inverter: {profile: sunspec, host: 192.168.1.50}

solar:
  planes:                      # one line for each direction that panels look in
    - {peak: 5 kWp, tilt: 30°, azimuth: 180°}

battery:                       # delete this section where there is none
  capacity: 10 kWh
  # work_above: 80 %           # on a grid the battery feeds no work until you write this
  standby_above: 25 %          # below this the rig only answers
  shut_down_below: {soc: 12 %} # below this everything is off

# inverter: {continuous: 5 kW, keep_free: 1.5 kW}    # off-grid, or where the grid may be lost
# generator: {starts_at: 15 %}
# grid: {fuse: 3 x 35 A, rig_phase: L1, import_at_most: 6 kW}
# tariff: {import: {fixed: 0.30 EUR/kWh}, export: {fixed: 0.08 EUR/kWh}}

rig:
  idle: 150 W                  # at the wall, host and parked cards together
  gpus: {all: {temperature_at_most: 80 °C}}

network: embedded              # play tokens on a network of your own; they have no price
workloads:
  miner: {bundled: miner}
  validator: {bundled: validator}
  # mine: {command: [/opt/mine/run.sh], gpus: [0], power: {at_least: 150 W}, worth: 0.04 EUR/h}

policies:                      # each may only narrow; exceptions go under `unless`
  - name: quiet nights
    when: {time: {between: "22:00-07:00"}}
    do: {each_gpu: {at_most: 150 W}}
"""
