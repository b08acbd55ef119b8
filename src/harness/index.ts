/** `sealpost/harness`: what other projects test their own push app server with. */
export type { OutgoingIq } from './server/outgoing-iq.ts';
export { type Acceptor, type AcceptorOptions, type ConflictRule, createAcceptor } from './server/acceptor.ts';
export { type ComponentConnection } from './server/acceptor-connection.ts';
export { createApnsStandIn } from './stand-ins/apns.ts';
export { blast, type BlastOptions, type BlastReport } from './server/blast.ts';
export { createApnsKey, createAuthority, createServiceAccount } from './stand-ins/certificates.ts';
export { type Client, type ClientOptions, createClient } from './clients/client.ts';
export {
  type ClientModel,
  type DeviceTokens,
  type RegistrationReading,
  sealingAndroid,
  siskin,
  snikket,
  stork,
} from './clients/models.ts';
export type { ReceivedPush, Script, StandIn } from './stand-ins/contract.ts';
export { type DeviceModel, type DeviceView, receivePush, type Shown } from './clients/device.ts';
export { type EnableAnswer, type EnabledDevice } from './server/enabling.ts';
export { type EventKind, type OmemoForDevice, type ServerEvent } from './server/event.ts';
export { createFcmStandIn } from './stand-ins/fcm.ts';
export { describeSettings } from './stand-ins/provider-settings.ts';
export { readOmemo } from './sealing/omemo.ts';
export {
  openOmemoPayload,
  type OmemoForm,
  type OmemoKey,
  type OmemoPayload,
  readOmemoOfPayload,
  sealOmemoPayload,
  writeOmemoMessage,
} from './sealing/omemo-message.ts';
export { type Opening, type OpeningRefusal, openSealed } from './sealing/opening.ts';
export { describeEvent, fitPayload, type FittedPayload, type SealedPayload } from './sealing/payload-json.ts';
export { type Publish, type PublishRequest, writePublish } from './server/publish-stanza.ts';
export { writeHtml } from './report/html.ts';
export { writeJunit } from './report/junit.ts';
export { runScenarios, type RunOptions, selectScenarios } from './runner/run-scenarios.ts';
export { type Passage, problemsOf, type ScenarioResult, type SeenPush } from './runner/result.ts';
export type { RunReport } from './runner/run-report.ts';
export { type CapabilityResult, type Fault, judgeRun, type Verdict } from './runner/verdict.ts';
export { capabilities, type CapabilityName } from './scenarios/capabilities.ts';
export type { Cause } from './runner/causes.ts';
export {
  assembleStage,
  type ProviderStage,
  type ScenarioStage,
  setProviders,
  setScenarioStage,
} from './runner/environment.ts';
export { scenarios } from './scenarios/all.ts';
export { type Paragraph, paragraphs } from './scenarios/paragraphs.ts';
export type { Expectation, Pieces, PushExpectation, Scenario, Showing, Step } from './scenarios/scenario.ts';
export { type RandomBytes, seal, type Sealed, sealedSize } from './sealing/sealing.ts';
export {
  ejabberd,
  type Flavour,
  flavours,
  mongooseim,
  prosody012,
  prosody13,
  reference,
  tigase,
} from './server/server-flavours.ts';
export { answerWord, type IqAnswer } from './server/stanza.ts';
export { checkVectors, type VectorMismatch, type VectorReport } from './vectors/check.ts';
export { type Account, createXmppServer, type PublishReport, type XmppServer } from './server/xmpp-server.ts';
export { type Clock, systemClock } from '../time/clock.ts';
