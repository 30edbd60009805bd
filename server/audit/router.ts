/** tRPC adapter of the record: searching, checking and exporting it. */
import { readDetail } from "#server/audit/console/detail.ts";
import { placeExportOrder } from "#server/audit/console/export.ts";
import { readFacets } from "#server/audit/console/facets.ts";
import { readHistogram } from "#server/audit/console/histogram.ts";
import { beginReading, readPage } from "#server/audit/console/rows.ts";
import {
  AuditDetail,
  AuditPage,
  ChainStatus,
  ExportRequest,
  Facets,
  Histogram,
  OrderedExport,
  PageRequest,
  Question,
  RowRequest,
  Verification,
} from "#server/audit/console/schema.ts";
import { readChainStatus, startVerification } from "#server/audit/console/verification.ts";
import type { Reader } from "#server/audit/console/services.ts";
import type { Actor } from "#server/audit/schema.ts";
import { router } from "#server/trpc/init.ts";
import { withPermission } from "#server/trpc/procedures.ts";

const readerOf = ({ id, actor }: { id: string; actor: Actor }): Reader => ({ sessionId: id, actor });

export const auditRouter = router({
  page: withPermission("audit", "read")
    .input(PageRequest)
    .output(AuditPage)
    .query(({ ctx, input }) => readPage(ctx.services, readerOf(ctx.session), input)),

  row: withPermission("audit", "read")
    .input(RowRequest)
    .output(AuditDetail)
    .query(({ ctx, input }) => readDetail(ctx.services, readerOf(ctx.session), input)),

  facets: withPermission("audit", "read")
    .input(Question)
    .output(Facets)
    .query(async ({ ctx: { services, session }, input }) =>
      readFacets(services.pool, await beginReading(services, readerOf(session), input)),
    ),

  histogram: withPermission("audit", "read")
    .input(Question)
    .output(Histogram)
    .query(async ({ ctx: { services, session }, input }) => {
      const search = await beginReading(services, readerOf(session), input);
      return readHistogram(services.pool, search, services.clock.now());
    }),

  chain: withPermission("audit", "read")
    .output(ChainStatus)
    .query(({ ctx }) => readChainStatus(ctx.services)),

  verify: withPermission("audit", "read")
    .output(Verification)
    .mutation(({ ctx }) => startVerification(ctx.services)),

  orderExport: withPermission("audit", "export", { stepUp: true })
    .input(ExportRequest)
    .output(OrderedExport)
    .mutation(({ ctx, input }) => placeExportOrder(ctx.services, readerOf(ctx.session), input)),
});
