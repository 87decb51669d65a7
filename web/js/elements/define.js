import { AppointmentLanding } from './appointment-landing.js';
import { CallControls } from './call-controls.js';
import { CallSummary } from './call-summary.js';
import { CallTimer } from './call-timer.js';
import { DeviceCheck } from './device-check.js';
import { ProblemCard } from './problem-card.js';
import { VideoCallInterface } from './video-call-interface.js';
import { VideoConsultation } from './video-consultation.js';
import { VideoTile } from './video-tile.js';
import { WaitingRoom } from './waiting-room.js';

/** Registers every element a page with calls needs. */
export function defineCallElements() {
  for (const element of [AppointmentLanding, CallControls, CallSummary, CallTimer, DeviceCheck, ProblemCard, VideoCallInterface,
    VideoConsultation, VideoTile, WaitingRoom]) element.define();
}
