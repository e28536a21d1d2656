import { describe, expectTypeOf, it } from 'vitest';
import type { z } from 'zod';
import type * as wire from '../../../../adapters/codex/wire.ts';
import type { ClientRequests, ServerRequests } from '../../../../adapters/codex/wire.gen.ts';
import type * as generated from '../../../../adapters/codex/wire.gen.ts';

type Reads<S extends z.ZodType> = z.input<S>;

/** The compiler checks these; what codex says must be something that the schemas take. */
describe('the schemas of frames', () => {
  it('take what the generated types say that codex answers', () => {
    expectTypeOf<ClientRequests['initialize']['result']>().toExtend<Reads<typeof wire.initializedSchema>>();
    expectTypeOf<ClientRequests['thread/start']['result']>().toExtend<
      Reads<typeof wire.threadAnswerSchema>
    >();
    expectTypeOf<ClientRequests['thread/resume']['result']>().toExtend<
      Reads<typeof wire.threadAnswerSchema>
    >();
    expectTypeOf<ClientRequests['thread/read']['result']>().toExtend<Reads<typeof wire.threadReadSchema>>();
    expectTypeOf<ClientRequests['thread/turns/list']['result']>().toExtend<
      Reads<typeof wire.turnsPageSchema>
    >();
    expectTypeOf<ClientRequests['turn/start']['result']>().toExtend<Reads<typeof wire.turnAnswerSchema>>();
    expectTypeOf<ClientRequests['model/list']['result']>().toExtend<Reads<typeof wire.modelsPageSchema>>();
    expectTypeOf<ClientRequests['account/read']['result']>().toExtend<
      Reads<typeof wire.accountAnswerSchema>
    >();
    expectTypeOf<ClientRequests['skills/list']['result']>().toExtend<Reads<typeof wire.skillsAnswerSchema>>();
    expectTypeOf<ClientRequests['account/rateLimits/read']['result']>().toExtend<
      Reads<typeof wire.rateLimitsSchema>
    >();
  });

  it('take what they say that codex asks', () => {
    type Params<M extends keyof ServerRequests> = ServerRequests[M]['params'];
    expectTypeOf<Params<'item/commandExecution/requestApproval'>>().toExtend<
      Reads<typeof wire.commandApprovalSchema>
    >();
    expectTypeOf<Params<'item/fileChange/requestApproval'>>().toExtend<
      Reads<typeof wire.fileApprovalSchema>
    >();
    expectTypeOf<Params<'item/tool/requestUserInput'>>().toExtend<Reads<typeof wire.userInputSchema>>();
  });

  it('take what they say that codex tells', () => {
    // a union of intersections, which `toExtend` flattens
    expectTypeOf((item: generated.ThreadItem): Reads<typeof wire.itemSchema> => item).toBeFunction();
    expectTypeOf<generated.Turn>().toExtend<Reads<typeof wire.turnSchema>>();
    expectTypeOf<generated.ErrorNotification>().toExtend<Reads<typeof wire.errorNoticeSchema>>();
    expectTypeOf<generated.TurnPlanUpdatedNotification>().toExtend<Reads<typeof wire.planSchema>>();
    expectTypeOf<generated.ThreadTokenUsageUpdatedNotification>().toExtend<
      Reads<typeof wire.usageNoticeSchema>
    >();
    expectTypeOf<generated.WarningNotification>().toExtend<Reads<typeof wire.warningSchema>>();
    expectTypeOf<generated.ServerRequestResolvedNotification>().toExtend<
      Reads<typeof wire.requestResolvedSchema>
    >();
    expectTypeOf<generated.McpServerStatusUpdatedNotification>().toExtend<
      Reads<typeof wire.mcpStatusSchema>
    >();
    expectTypeOf<generated.ModelReroutedNotification>().toExtend<Reads<typeof wire.reroutedSchema>>();
    expectTypeOf<generated.AuthRecoveryNotification>().toExtend<Reads<typeof wire.authRecoverySchema>>();
    expectTypeOf<generated.FileChangePatchUpdatedNotification>().toExtend<
      Reads<typeof wire.patchUpdatedSchema>
    >();
    expectTypeOf<generated.ItemGuardianApprovalReviewCompletedNotification>().toExtend<
      Reads<typeof wire.reviewSchema>
    >();
    expectTypeOf<generated.HookCompletedNotification>().toExtend<Reads<typeof wire.hookSchema>>();
    expectTypeOf<generated.ThreadStatusChangedNotification>().toExtend<Reads<typeof wire.statusSchema>>();
  });
});
