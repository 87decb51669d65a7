import { execFileSync } from 'node:child_process';

import puppeteer from 'puppeteer-core';

const find = (variable, name) => process.env[variable] || execFileSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();

const DESKTOP = { width: 1280, height: 800 };
const common = { headless: true, acceptInsecureCerts: true, protocolTimeout: 60000, timeout: 60000 };

/**
 * Debian's Chromium with a beeping, counting fake camera and microphone.
 * @param {{permission?: 'grant' | 'deny', devices?: string, args?: string[]}} [options]
 */
export function chromium({ permission = 'grant', devices = '', args = [] } = {}) {
  return puppeteer.launch({
    ...common,
    defaultViewport: DESKTOP,
    executablePath: find('CHROMIUM_BIN', 'chromium'),
    args: [
      '--no-sandbox', // tests may run as root
      `--use-fake-device-for-media-stream${devices && `=${devices}`}`,
      `--use-fake-ui-for-media-stream${permission === 'deny' ? '=deny' : ''}`,
      ...args,
    ],
  });
}

/** Debian's Firefox ESR, driven over WebDriver BiDi, with fake devices. */
export function firefox() {
  return puppeteer.launch({
    ...common,
    browser: 'firefox',
    defaultViewport: null, // not every Firefox ESR knows the commands behind it
    args: [`--width=${DESKTOP.width}`, `--height=${DESKTOP.height}`],
    executablePath: find('FIREFOX_BIN', 'firefox-esr'),
    extraPrefsFirefox: {
      'media.navigator.streams.fake': true,
      'media.navigator.permission.disabled': true,
      'media.peerconnection.ice.loopback': true,
    },
  });
}
